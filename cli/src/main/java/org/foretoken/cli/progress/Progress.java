package org.foretoken.cli.progress;

import java.io.PrintWriter;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.train.StepMetrics;

/** Shows how far a run is; lines of other text go through it, so that they do not tear the bar. */
public sealed interface Progress extends AutoCloseable permits ProgressBarView, ProgressLines {
  /** A step was made. */
  void stepped(StepMetrics metrics);

  /** Prints a line beside the progress. */
  void line(String text);

  @Override
  void close();

  /**
   * A view for where standard error goes.
   *
   * @param title name of the run
   * @param first steps done before
   * @param steps steps in all
   */
  static Progress open(PrintWriter err, String title, int first, int steps) {
    return Terminal.interactive()
        ? new ProgressBarView(err, title, first, steps)
        : new ProgressLines(err, first, steps);
  }

  /** Losses and speed of a step, in the fewest words. */
  static String summary(StepMetrics m) {
    StringBuilder out = new StringBuilder("loss ").append(Numbers.fixed(m.lossMain(), 3));
    if (m.lossMtp().length > 0) {
      out.append("  mtp");
      for (double loss : m.lossMtp()) {
        out.append(' ').append(Numbers.fixed(loss, 3));
      }
    }
    return out.append("  ")
        .append(Numbers.rounded(m.tokensPerSecond()))
        .append(" tok/s")
        .toString();
  }
}
