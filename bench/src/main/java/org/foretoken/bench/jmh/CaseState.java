package org.foretoken.bench.jmh;

import java.util.List;
import java.util.Optional;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.suite.BenchDevice;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.bench.suite.Pass;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.bench.work.Workload;
import org.foretoken.bench.work.Workloads;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.model.config.Recipe;

/** A case of the suites inside a JMH trial: opened and checked in its set-up. */
final class CaseState {
  private Workload work;
  private Side ours;

  /** Opens and checks a case on the host. */
  void open(BenchOp op, String shape, Pass pass, Recipe recipe) {
    SuiteCase c =
        new SuiteCase(
            0,
            op,
            shape,
            Optional.ofNullable(pass),
            Optional.ofNullable(recipe),
            BenchDevice.HOST,
            GemmRoad.AUTO,
            0,
            List.of(),
            1);
    work = Workloads.open(c, Optional.empty());
    work.check();
    ours = work.ours();
  }

  /** One call. */
  long call() {
    return ours.nanos(1);
  }

  void close() {
    if (work != null) {
      work.close();
    }
  }
}
