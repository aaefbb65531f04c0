package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.EVERY_EXECUTION;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.FIRST_EXECUTION;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.UNDER_DEMAND;

import org.foretoken.emulator.exec.KernelFault;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The device has its own memory: what was not sent is absent, what was sent earlier is stale. */
class TransferTest {
  static void addOne(FloatArray x, FloatArray y) {
    for (@Parallel int i = 0; i < y.getSize(); i++) {
      y.set(i, x.get(i) + 1);
    }
  }

  static void increment(FloatArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, x.get(i) + 1);
    }
  }

  static void addOneToHalf(FloatArray x, FloatArray y) {
    for (@Parallel int i = 0; i < 2; i++) {
      y.set(i, x.get(i) + 1);
    }
  }

  static void double1(KernelContext context, FloatArray x) {
    x.set(context.globalIdx, 2 * x.get(context.globalIdx));
  }

  private final FloatArray x = FloatArray.fromElements(1, 2, 3, 4);
  private final FloatArray y = new FloatArray(4);

  @Test
  void firstExecutionDataGoesStale() throws Exception {
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST_EXECUTION, x)
            .task("t", TransferTest::addOne, x, y)
            .transferToHost(EVERY_EXECUTION, y);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.execute();
      x.init(10);
      plan.execute();
      assertThat(y.toHeapArray()).containsExactly(2, 3, 4, 5);
      plan.freeDeviceMemory().execute();
      assertThat(y.toHeapArray()).containsOnly(11);
    }
  }

  @Test
  void everyExecutionDataIsFresh() throws Exception {
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("t", TransferTest::addOne, x, y)
            .transferToHost(EVERY_EXECUTION, y);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.execute();
      x.init(10);
      plan.execute();
      assertThat(y.toHeapArray()).containsOnly(11);
    }
  }

  @Test
  void stateStaysOnTheDevice() throws Exception {
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST_EXECUTION, x)
            .task("t", TransferTest::increment, x)
            .transferToHost(UNDER_DEMAND, x);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.execute();
      plan.execute();
      TornadoExecutionResult result = plan.execute();
      assertThat(x.toHeapArray()).as("not asked for yet").containsExactly(1, 2, 3, 4);
      result.transferToHost(x);
      assertThat(x.toHeapArray()).containsExactly(4, 5, 6, 7);
    }
  }

  @Test
  void untransferredOutputStaysUnseen() {
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("t", TransferTest::addOne, x, y));
    assertThat(y.toHeapArray()).containsOnly(0);
  }

  @Test
  void partOfAnArrayOnDemand() throws Exception {
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("t", TransferTest::addOne, x, y)
            .transferToHost(UNDER_DEMAND, y);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.execute().transferToHost(new DataRange(y).withOffset(1).withSize(2));
    }
    assertThat(y.toHeapArray()).containsExactly(0, 3, 4, 0);
  }

  @Test
  void readOfAbsentDataIsAnError() {
    TaskGraph graph = new TaskGraph("g").task("t", TransferTest::addOne, x, y);
    assertThatThrownBy(() -> Launch.once(graph))
        .isInstanceOf(KernelFault.class)
        .hasMessageContaining("x[0] is read, but it was neither transferred")
        .hasMessageContaining("g.t [TransferTest.addOne]");
  }

  @Test
  void absentDataIsNotANumberWhereNobodyWatches() {
    Launch.unwatched(
        () ->
            Launch.once(
                new TaskGraph("g")
                    .task("t", TransferTest::addOne, x, y)
                    .transferToHost(EVERY_EXECUTION, y)));
    assertThat(y.toHeapArray()).containsOnly(Float.NaN);
  }

  @Test
  void whatAKernelLeavesOutComesBackAsGarbage() {
    y.init(7);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("t", TransferTest::addOneToHalf, x, y)
            .transferToHost(EVERY_EXECUTION, y));
    assertThat(y.toHeapArray()).containsExactly(2, 3, Float.NaN, Float.NaN);
  }

  @Test
  void intermediateNeedsNoTransfer() {
    FloatArray between = new FloatArray(4);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("first", TransferTest::addOne, x, between)
            .task("second", TransferTest::addOne, between, y)
            .transferToHost(EVERY_EXECUTION, y));
    assertThat(y.toHeapArray()).containsExactly(3, 4, 5, 6);
    assertThat(between.toHeapArray()).containsOnly(0);
  }

  @Test
  void graphsOfAPlanDoNotShareByThemselves() throws Exception {
    TaskGraph first =
        new TaskGraph("first")
            .transferToDevice(FIRST_EXECUTION, x)
            .task("t", TransferTest::increment, x);
    TaskGraph second =
        new TaskGraph("second")
            .transferToDevice(FIRST_EXECUTION, x)
            .task("t", TransferTest::addOne, x, y)
            .transferToHost(EVERY_EXECUTION, y);
    try (var plan = new TornadoExecutionPlan(first.snapshot(), second.snapshot())) {
      plan.execute();
      assertThat(y.toHeapArray()).containsExactly(2, 3, 4, 5);
    }
  }

  @Test
  void persistedDataIsConsumed() throws Exception {
    FloatArray between = new FloatArray(4);
    TaskGraph first =
        new TaskGraph("first")
            .transferToDevice(FIRST_EXECUTION, x)
            .task("t", TransferTest::addOne, x, between)
            .persistOnDevice(between);
    TaskGraph second =
        new TaskGraph("second")
            .consumeFromDevice("first", between)
            .task("t", TransferTest::increment, between)
            .task("u", TransferTest::addOne, between, y)
            .transferToHost(EVERY_EXECUTION, y);
    try (var plan = new TornadoExecutionPlan(first.snapshot(), second.snapshot())) {
      plan.withGraph(0).execute();
      plan.withGraph(1).execute();
      plan.withGraph(1).execute();
      assertThat(y.toHeapArray()).containsExactly(5, 6, 7, 8);
      assertThat(plan.getCurrentDeviceMemoryUsage()).isEqualTo(3 * (16 + 4 * 4));
    }
  }

  @Test
  void consumedDataMustBePersisted() throws Exception {
    TaskGraph first =
        new TaskGraph("first")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("t", TransferTest::addOne, x, y);
    TaskGraph second =
        new TaskGraph("second")
            .consumeFromDevice("first", y)
            .task("t", TransferTest::increment, y)
            .transferToHost(EVERY_EXECUTION, y);
    try (var plan = new TornadoExecutionPlan(first.snapshot(), second.snapshot())) {
      assertThatThrownBy(plan::execute)
          .isInstanceOf(TornadoRuntimeException.class)
          .hasMessageContaining("FloatArray[4] (argument 0 of task second.t)")
          .hasMessageContaining("persistOnDevice");
    }
  }

  @Test
  void warmUpHasSideEffects() throws Exception {
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST_EXECUTION, x)
            .task("t", TransferTest::increment, x)
            .transferToHost(EVERY_EXECUTION, x);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withPreCompilation();
      assertThat(x.get(0)).isEqualTo(1);
      plan.withWarmUpIterations(3);
      assertThat(x.get(0)).isEqualTo(4);
    }
  }

  @Test
  void snapshotsDoNotFollowTheirGraph() throws Exception {
    TaskGraph graph = new TaskGraph("g").transferToDevice(EVERY_EXECUTION, x);
    graph.task("t", TransferTest::increment, x).transferToHost(EVERY_EXECUTION, x);
    var snapshot = graph.snapshot();
    graph.task("u", TransferTest::increment, x);
    try (var plan = new TornadoExecutionPlan(snapshot)) {
      plan.execute();
      assertThat(x.get(0)).isEqualTo(2);
    }
  }

  @Test
  void profileCountsBytes() throws Exception {
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST_EXECUTION, x)
            .task("t", TransferTest::addOne, x, y)
            .transferToHost(EVERY_EXECUTION, y);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      assertThat(plan.execute().getProfilerResult().getTotalBytesCopyIn()).isEqualTo(32);
      var second = plan.execute().getProfilerResult();
      assertThat(second.getTotalBytesCopyIn()).isZero();
      assertThat(second.getTotalBytesCopyOut()).isEqualTo(32);
      assertThat(second.getTotalTime()).isGreaterThanOrEqualTo(second.getDeviceKernelTime());
    }
  }

  @Test
  void memoryLimitHolds() throws Exception {
    FloatArray large = new FloatArray(1 << 19);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, large)
            .task("t", TransferTest::increment, large);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withMemoryLimit("1MB");
      assertThatThrownBy(plan::execute)
          .isInstanceOf(TornadoOutOfMemoryException.class)
          .hasMessageContaining("1048576");
    }
  }

  @Test
  void mistakesInGraphsAreNamed() {
    assertThatThrownBy(() -> new TaskGraph("g").transferToDevice(UNDER_DEMAND, x))
        .hasMessageContaining("transferToDevice")
        .hasMessageContaining("found mode 2");
    TaskGraph graph = new TaskGraph("g").task("t", TransferTest::increment, x);
    assertThatThrownBy(() -> graph.task("t", TransferTest::increment, x))
        .isInstanceOf(TornadoTaskRuntimeException.class)
        .hasMessageContaining("second task t");
    assertThatThrownBy(() -> graph.task("u", TransferTest::increment, (FloatArray) null))
        .hasMessageContaining("g.u");
    assertThatThrownBy(() -> new TaskGraph("g").snapshot()).hasMessageContaining("no task");
  }

  @Test
  void mistakesInGridsAreNamed() {
    KernelContext context = new KernelContext();
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("t", TransferTest::double1, context, x);
    assertThatThrownBy(() -> Launch.once(graph))
        .hasMessageContaining("g.t")
        .hasMessageContaining("GridScheduler");
    WorkerGrid uneven = new WorkerGrid1D(4);
    uneven.setLocalWork(3, 1, 1);
    assertThatThrownBy(() -> Launch.once(graph, uneven)).hasMessageContaining("[3, 1, 1]");
    WorkerGrid large = new WorkerGrid1D(4096);
    large.setLocalWork(2048, 1, 1);
    assertThatThrownBy(() -> Launch.once(graph, large)).hasMessageContaining("1024");
    TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot());
    assertThatThrownBy(
            () -> plan.withGridScheduler(new GridScheduler("g.other", new WorkerGrid1D(4))))
        .hasMessageContaining("g.other");
  }
}
