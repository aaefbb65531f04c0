package org.foretoken.cli.progress;

import java.io.PrintWriter;
import java.time.Duration;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.foretoken.model.train.StepMetrics;

/** A bar in the last line of the terminal, with time left, losses and speed. */
final class ProgressBarView implements Progress {
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final PrintWriter err;
  private final ProgressBar bar;
  private String shown = "";
  private boolean closed;

  ProgressBarView(PrintWriter err, String title, int first, int steps) {
    this.err = err;
    bar =
        new ProgressBarBuilder()
            .setTaskName(title)
            .setInitialMax(steps)
            .startsFrom(first, Duration.ZERO)
            .setUpdateIntervalMillis(250)
            .setStyle(Terminal.unicode() ? ProgressBarStyle.UNICODE_BLOCK : ProgressBarStyle.ASCII)
            .setConsumer(new DelegatingProgressBarConsumer(this::show, Terminal.width() - 1))
            .build();
  }

  private synchronized void show(String text) {
    if (!closed) {
      shown = text;
      err.print(CLEAR_LINE + text);
      err.flush();
    }
  }

  @Override
  public void stepped(StepMetrics m) {
    bar.setExtraMessage(" " + Progress.summary(m));
    bar.stepTo(m.step());
  }

  @Override
  public synchronized void line(String text) {
    err.print(CLEAR_LINE + text + System.lineSeparator() + shown);
    err.flush();
  }

  @Override
  public void close() {
    bar.close(); // shows the last state
    synchronized (this) {
      if (!closed) {
        closed = true;
        err.println();
      }
    }
  }
}
