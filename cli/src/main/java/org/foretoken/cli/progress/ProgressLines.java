package org.foretoken.cli.progress;

import java.io.PrintWriter;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.train.StepMetrics;

/** About twenty lines over a run, for logs and pipes. */
final class ProgressLines implements Progress {
  private static final int LINES = 20;

  private final PrintWriter err;
  private final int first;
  private final int steps;
  private final int every;
  private double lastSeconds;
  private double secondsPerStep; // running mean, since the first steps are slow

  ProgressLines(PrintWriter err, int first, int steps) {
    this.err = err;
    this.first = first;
    this.steps = steps;
    every = Math.max(1, (steps - first + LINES - 1) / LINES);
  }

  @Override
  public void stepped(StepMetrics m) {
    double now = m.seconds() - lastSeconds;
    lastSeconds = m.seconds();
    secondsPerStep = m.step() == first + 1 ? now : 0.9 * secondsPerStep + 0.1 * now;
    if (m.step() % every != 0 && m.step() != steps && m.step() != first + 1) {
      return;
    }
    double left = secondsPerStep * (steps - m.step());
    line(
        "step "
            + m.step()
            + "/"
            + steps
            + "  "
            + Progress.summary(m)
            + "  "
            + Numbers.duration(left)
            + " left");
  }

  @Override
  public void line(String text) {
    err.println(text);
  }

  @Override
  public void close() {}
}
