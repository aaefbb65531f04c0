package org.foretoken.cli.progress;

import java.io.PrintWriter;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final Pattern NUMBERED = Pattern.compile(".*-0*(\\d+)-of-0*(\\d+)\\.\\w+");
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
      boolean large = bytes >= 10 * GIB;
      bar =
          new ProgressBarBuilder()
              .setTaskName(title)
              .setInitialMax(bytes)
              .setUnit(large ? " GiB" : " MiB", large ? GIB : MIB)
              .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT)))
              .setUpdateIntervalMillis(250)
              .continuousUpdate() // the clock runs while nothing else moves
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
    if (bar != null) {
      bar.setExtraMessage(place(name));
    } else {
      err.println(title + " " + name + (kept ? ": done by an earlier run" : ""));
    }
  }

  /** Which file of how many, if its name says so: a whole name would leave no room for the bar. */
  static String place(String name) {
    Matcher numbers = NUMBERED.matcher(name);
    return numbers.matches() ? " file " + numbers.group(1) + "/" + numbers.group(2) : "";
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
