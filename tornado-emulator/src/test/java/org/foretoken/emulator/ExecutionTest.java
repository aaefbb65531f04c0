package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.foretoken.emulator.exec.KernelFault;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels of both styles compute what they say. */
class ExecutionTest {
  private static final int GROUP = 64;

  static void scaleAndAdd(FloatArray x, FloatArray y, float factor) {
    for (@Parallel int i = 0; i < y.getSize(); i++) {
      y.set(i, factor * x.get(i) + y.get(i));
    }
  }

  static void outer(FloatArray x, FloatArray y, FloatArray product) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      for (@Parallel int j = 0; j < y.getSize(); j++) {
        product.set(i * y.getSize() + j, x.get(i) * y.get(j));
      }
    }
  }

  static void sumOfGroup(KernelContext context, IntArray in, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    tile[l] = in.get(context.globalIdx);
    for (int stride = GROUP / 2; stride > 0; stride /= 2) {
      context.localBarrier();
      if (l < stride) {
        tile[l] += tile[l + stride];
      }
    }
    if (l == 0) {
      out.set(context.groupIdx, tile[0]);
    }
  }

  static void indices(KernelContext c, IntArray out) {
    int width = c.globalGroupSizeX;
    int height = c.globalGroupSizeY;
    int at = (c.globalIdz * height + c.globalIdy) * width + c.globalIdx;
    int fromGroup =
        ((c.groupIdz * c.localGroupSizeZ + c.localIdz) * height
                    + c.groupIdy * c.localGroupSizeY
                    + c.localIdy)
                * width
            + c.groupIdx * c.localGroupSizeX
            + c.localIdx;
    out.set(at, fromGroup + c.globalGroupSizeZ * 1000);
  }

  @Test
  void parallelLoopInOneDimension() throws TornadoExecutionPlanException {
    FloatArray x = FloatArray.fromElements(1, 2, 3);
    FloatArray y = FloatArray.fromElements(10, 20, 30);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(DataTransferMode.EVERY_EXECUTION, x, y)
            .task("axpy", ExecutionTest::scaleAndAdd, x, y, 2f)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, y);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.execute();
    }
    assertThat(y.toHeapArray()).containsExactly(12, 24, 36);
  }

  @Test
  void parallelLoopInTwoDimensions() throws TornadoExecutionPlanException {
    FloatArray x = FloatArray.fromElements(1, 2);
    FloatArray y = FloatArray.fromElements(5, 7, 11);
    FloatArray product = new FloatArray(6);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(DataTransferMode.EVERY_EXECUTION, x, y)
            .task("outer", ExecutionTest::outer, x, y, product)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, product);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.execute();
    }
    assertThat(product.toHeapArray()).containsExactly(5, 7, 11, 10, 14, 22);
  }

  @Test
  void groupsShareLocalMemoryAcrossBarriers() throws TornadoExecutionPlanException {
    IntArray in = new IntArray(3 * GROUP);
    for (int i = 0; i < in.getSize(); i++) {
      in.set(i, i);
    }
    IntArray out = new IntArray(3);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(DataTransferMode.EVERY_EXECUTION, in)
            .task("sum", ExecutionTest::sumOfGroup, new KernelContext(), in, out)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, out);
    WorkerGrid grid = new WorkerGrid1D(in.getSize());
    grid.setLocalWork(GROUP, 1, 1);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withGridScheduler(new GridScheduler("g.sum", grid)).execute();
    }
    int first = GROUP * (GROUP - 1) / 2;
    assertThat(out.toHeapArray())
        .containsExactly(first, first + GROUP * GROUP, first + 2 * GROUP * GROUP);
  }

  @Test
  void indicesInThreeDimensions() throws TornadoExecutionPlanException {
    IntArray out = new IntArray(8 * 6 * 4);
    TaskGraph graph =
        new TaskGraph("g")
            .task("indices", ExecutionTest::indices, new KernelContext(), out)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, out);
    WorkerGrid grid = new WorkerGrid3D(8, 6, 4);
    grid.setLocalWork(4, 3, 2);
    try (var plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withGridScheduler(new GridScheduler("g.indices", grid)).execute();
    }
    for (int i = 0; i < out.getSize(); i++) {
      assertThat(out.get(i)).as("work item %d", i).isEqualTo(i + 4000);
    }
  }

  @Test
  void withoutTheSanitizerGroupsRunInParallel() {
    IntArray in = new IntArray(100 * GROUP);
    for (int i = 0; i < in.getSize(); i++) {
      in.set(i, i);
    }
    IntArray out = new IntArray(100);
    Launch.unwatched(
        () ->
            Launch.once(
                new TaskGraph("g")
                    .transferToDevice(DataTransferMode.EVERY_EXECUTION, in)
                    .task("t", ExecutionTest::sumOfGroup, new KernelContext(), in, out)
                    .transferToHost(DataTransferMode.EVERY_EXECUTION, out),
                Launch.grid(100, GROUP)));
    for (int g = 0; g < 100; g++) {
      assertThat(out.get(g)).isEqualTo(GROUP * (GROUP - 1) / 2 + g * GROUP * GROUP);
    }
  }

  @Test
  void withoutTheSanitizerTheFirstFailureIsReported() {
    IntArray in = new IntArray(4 * GROUP - 1);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(DataTransferMode.EVERY_EXECUTION, in)
            .task("t", ExecutionTest::sumOfGroup, new KernelContext(), in, new IntArray(4));
    Launch.unwatched(
        () ->
            assertThatThrownBy(() -> Launch.once(graph, Launch.grid(4, GROUP)))
                .isInstanceOf(KernelFault.class)
                .hasMessageStartingWith("out of bounds in kernel g.t [ExecutionTest.sumOfGroup]")
                .hasMessageContaining("work item [255, 0, 0]"));
  }

  @Test
  void methodsOfTheApiAreTasksToo() {
    FloatArray x = new FloatArray(3);
    Launch.once(
        new TaskGraph("g")
            .task("fill", FloatArray::initialize, x, 2f)
            .task("t", ExecutionTest::scaleAndAdd, x, x, 2f)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, x));
    assertThat(x.toHeapArray()).containsOnly(6f);
  }

  @Test
  void lambdasAreTasks() {
    FloatArray x = FloatArray.fromElements(1, 2, 3);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(DataTransferMode.EVERY_EXECUTION, x)
            .task(
                "t",
                (FloatArray a) -> {
                  for (@Parallel int i = 0; i < a.getSize(); i++) {
                    a.set(i, -a.get(i));
                  }
                },
                x)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, x));
    assertThat(x.toHeapArray()).containsExactly(-1, -2, -3);
  }

  @Test
  void lambdasThatCaptureAreRefused() {
    FloatArray x = new FloatArray(3);
    float captured = x.get(0);
    TaskGraph graph = new TaskGraph("g").task("t", (FloatArray a) -> a.set(0, captured), x);
    assertThatThrownBy(() -> Launch.once(graph))
        .hasMessageContaining("task g.t: expected a lambda that captures nothing");
  }
}
