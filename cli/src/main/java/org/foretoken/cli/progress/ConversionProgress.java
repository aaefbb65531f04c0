package org.foretoken.cli.progress;

import java.io.PrintWriter;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.convert.ConversionListener;

/**
 * Shows how far a conversion is: a bar by bytes on a terminal, else a line for each shard and each
 * tenth of the bytes.
 */
public final class ConversionProgress implements ConversionListener, AutoCloseable {
  private static final String CLEAR_LINE = "\r\u001b[K";
  private static final long MIB = 1 << 20;
  private static final int PARTS = 10;

  private final PrintWriter err;
  private final String title;
  private ProgressBar bar;
  private long total;
  private long done;
  private String shown = "";
  private boolean closed;

  /** Shows a conversion on {@code err}. */
  public ConversionProgress(PrintWriter err, String title) {
    this.err = err;
    this.title = title;
  }

  @Override
  public void begin(long bytes) {
    total = bytes;
    if (Terminal.interactive()) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(title)
              .setInitialMax(bytes)
              .setUnit(" MiB", MIB)
              .showSpeed()
              .setUpdateIntervalMillis(250)
              .setStyle(
                  Terminal.unicode() ? ProgressBarStyle.UNICODE_BLOCK : ProgressBarStyle.ASCII)
              .setConsumer(new DelegatingProgressBarConsumer(this::show, Terminal.width() - 1))
              .build();
    }
  }

  private synchronized void show(String text) {
    if (!closed) {
      err.print(CLEAR_LINE + text);
      err.flush();
    }
  }

  @Override
  public void shard(String name, boolean kept) {
    String text = name + (kept ? ": done by an earlier run" : "");
    if (bar != null) {
      bar.setExtraMessage(" " + text);
    } else {
      err.println(title + " " + text);
    }
  }

  @Override
  public void advance(long bytes) {
    long before = done;
    done += bytes;
    if (bar != null) {
      bar.stepBy(bytes);
    } else if (total > 0 && done * PARTS / total > before * PARTS / total) {
      String share = Numbers.percent((double) done / total);
      if (!share.equals(shown)) { // 99.96 % and the end look the same
        err.println(title + " " + share + " of " + Numbers.bytes(total));
        shown = share;
      }
    }
  }

  @Override
  public void close() {
    if (bar != null && !closed) {
      bar.close(); // shows the last state
      synchronized (this) {
        closed = true;
        err.println();
      }
    }
  }
}
