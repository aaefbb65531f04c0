package org.foretoken.bench.result;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.bench.suite.SuiteFile;
import org.foretoken.cli.text.Numbers;

/** How the cost of a group's cases grew, beside what was expected. */
public final class Orders {
  private Orders() {}

  /** A line for each group that has an expectation and all its figures. */
  public static List<String> lines(SuiteResult run, SuiteFile suite) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < suite.cases().size(); i++) {
      SuiteFile.Group group = suite.cases().get(i);
      int index = i;
      List<CaseResult> cases =
          run.cases().stream().filter(c -> c.group() == index && c.ok()).toList();
      group
          .order()
          .filter(o -> o.values().size() == cases.size())
          .ifPresent(o -> lines.add(line(group, o, cases)));
    }
    return lines;
  }

  private static String line(SuiteFile.Group group, SuiteFile.Order o, List<CaseResult> cases) {
    double[] x = o.values().stream().mapToDouble(v -> v).toArray();
    double[] y = cases.stream().mapToDouble(CaseResult::medianNs).toArray();
    double found = exponent(x, y);
    boolean within = found >= o.least() && found <= o.most();
    return group.op().label()
        + " against "
        + o.axis()
        + ": order "
        + Numbers.fixed(found, 2)
        + (within ? ", as expected " : ", NOT as expected ")
        + "("
        + Numbers.fixed(o.least(), 2)
        + " to "
        + Numbers.fixed(o.most(), 2)
        + ": "
        + o.because()
        + ")";
  }

  /** Slope of the least-squares line through the logarithms. */
  static double exponent(double[] x, double[] y) {
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < x.length; i++) {
      meanX += Math.log(x[i]) / x.length;
      meanY += Math.log(y[i]) / x.length;
    }
    double products = 0;
    double squares = 0;
    for (int i = 0; i < x.length; i++) {
      double dx = Math.log(x[i]) - meanX;
      products += dx * (Math.log(y[i]) - meanY);
      squares += dx * dx;
    }
    return products / squares;
  }
}
