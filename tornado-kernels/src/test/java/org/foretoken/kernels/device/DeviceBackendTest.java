package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Embedding;
import org.junit.jupiter.api.Test;

/** What lies on the device, for how long, and who sees it. */
class DeviceBackendTest {
  private static final int N = 5;

  /** weights += step. */
  private static Graph training() {
    Graph graph = new Graph("training");
    Tensor weights = graph.declare("weights", DType.F32, Role.PARAMETER, N);
    Tensor step = graph.declare("step", DType.F32, Role.INPUT, N);
    graph.add("update", new Add(), List.of(weights, step), List.of(weights));
    return graph;
  }

  /** twice = weights + weights. */
  private static Graph evaluation() {
    Graph graph = new Graph("evaluation");
    Tensor weights = graph.declare("weights", DType.F32, Role.PARAMETER, N);
    Tensor twice = graph.declare("twice", DType.F32, Role.OUTPUT, N);
    graph.add("double", new Add(), List.of(weights, weights), List.of(twice));
    return graph;
  }

  @Test
  void graphsShareResidentTensorsOnTheDevice() {
    try (DeviceBackend device = new DeviceBackend()) {
      Executable train = device.compile(training());
      Executable evaluate = device.compile(evaluation());
      device.upload("weights", floats(1, 2, 3, 4, 5));
      device.upload("step", floats(1, 1, 1, 1, 1));
      train.run();
      device.upload("step", floats(10, 10, 10, 10, 10));
      train.run();
      evaluate.run();
      assertThat(read(device, "twice")).containsExactly(24, 26, 28, 30, 32);
      assertThat(read(device, "weights")).containsExactly(12, 13, 14, 15, 16);
    }
  }

  @Test
  void uploadsReachTheDeviceAfterTheFirstRunToo() {
    try (DeviceBackend device = new DeviceBackend()) {
      Executable train = device.compile(training());
      device.upload("step", floats(1, 1, 1, 1, 1));
      train.run();
      for (int round = 1; round <= 3; round++) {
        device.upload("weights", floats(round, 0, 0, 0, 0));
        train.run();
        assertThat(read(device, "weights")).containsExactly(round + 1, 1, 1, 1, 1);
      }
    }
  }

  @Test
  void aGraphCompiledLaterFindsTheValuesOfEarlierRuns() {
    try (DeviceBackend device = new DeviceBackend()) {
      Executable train = device.compile(training());
      device.upload("step", floats(1, 2, 3, 4, 5));
      train.run();
      Executable evaluate = device.compile(evaluation());
      evaluate.run();
      train.run();
      evaluate.run();
      assertThat(read(device, "twice")).containsExactly(4, 8, 12, 16, 20);
    }
  }

  @Test
  void longGraphsAreSplitAndTransientsSurviveTheSeams() {
    Graph graph = new Graph("long");
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, N);
    Tensor y = graph.declare("y", DType.F32, Role.OUTPUT, N);
    Tensor sum = x;
    for (int i = 0; i < 300; i++) {
      Tensor next = graph.transientTensor("sum", DType.F32, N);
      graph.add("add" + i, new Add(), List.of(sum, x), List.of(next));
      sum = next;
    }
    graph.add("last", new Add(), List.of(sum, x), List.of(y));
    try (DeviceBackend device = new DeviceBackend()) {
      DeviceExecutable executable = device.compile(graph);
      device.upload("x", floats(1, 2, 3, 4, 5));
      executable.run();
      assertThat(read(device, "y")).containsExactly(302, 604, 906, 1208, 1510);
      assertThat(executable.transientBytes()).isEqualTo(2 * N * Float.BYTES);
    }
  }

  @Test
  void indicesOutOfRangeAreRefusedBeforeTheRun() {
    Graph graph = new Graph("lookup");
    Tensor ids = graph.declare("ids", DType.I32, Role.INPUT, 2);
    Tensor table = graph.declare("table", DType.F32, Role.PARAMETER, 3, N);
    Tensor y = graph.declare("y", DType.F32, Role.OUTPUT, 2, N);
    graph.add("embed", new Embedding(), List.of(ids, table), List.of(y));
    try (DeviceBackend device = new DeviceBackend()) {
      Executable executable = device.compile(graph);
      device.upload("ids", MemorySegment.ofArray(new int[] {2, 3}));
      assertThatThrownBy(executable::run)
          .isInstanceOf(GraphException.class)
          .hasMessage("operation 'embed': ids[1] expected in [0, 3), found 3");
    }
  }

  @Test
  void anotherDeviceThanTheOneThatIsThereIsRefusedWithTheWayOut() {
    assertThatThrownBy(() -> DeviceBackend.open("gpu"))
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("expected gpu, found the classes of emulator")
        .hasMessageContaining("TORNADOVM_HOME");
  }

  @Test
  void wrongSizesAndNamesAreRefused() {
    try (DeviceBackend device = new DeviceBackend()) {
      device.compile(training());
      assertThatThrownBy(() -> device.upload("weights", floats(1)))
          .hasMessageContaining("expected 20 bytes, found 4");
      assertThatThrownBy(() -> read(device, "biases")).hasMessageContaining("no resident tensor");
    }
  }

  @Test
  void transientsOfAllGraphsShareArrays() {
    Graph first = chain("first", 100);
    Graph second = chain("second", 50);
    try (DeviceBackend device = new DeviceBackend()) {
      Executable a = device.compile(first);
      Executable b = device.compile(second);
      device.upload("x100", MemorySegment.ofArray(new float[100]));
      device.upload("x50", MemorySegment.ofArray(new float[50]));
      a.run();
      b.run();
      a.run();
      assertThat(read(device, "y100", 100)).containsOnly(0f);
    }
  }

  @Test
  void everyPartIsCapturedWhereThatIsAskedForAndInputsStillChange() {
    try (DeviceBackend device = DeviceBackend.open("emulator", GemmRoad.JIT, true)) {
      Executable graph = device.compile(chain("captured", 100));
      assertThat(device.planTrace().lines().filter("withCUDAGraph"::equals)).hasSize(1);
      assertThat(device.description()).contains("launches captured as CUDA graphs");
      float[] ones = new float[100];
      java.util.Arrays.fill(ones, 1f);
      device.upload("x100", MemorySegment.ofArray(ones));
      graph.run();
      assertThat(read(device, "y100", 100)).containsOnly(3f);
      device.upload("x100", MemorySegment.ofArray(new float[100]));
      graph.run();
      assertThat(read(device, "y100", 100)).containsOnly(0f);
    }
    try (DeviceBackend device = DeviceBackend.open("emulator", GemmRoad.JIT)) {
      device.compile(chain("plain", 100));
      assertThat(device.planTrace()).doesNotContain("withCUDAGraph");
    }
  }

  private static Graph chain(String name, int n) {
    Graph graph = new Graph(name);
    Tensor x = graph.declare("x" + n, DType.F32, Role.INPUT, n);
    Tensor y = graph.declare("y" + n, DType.F32, Role.OUTPUT, n);
    Tensor t = graph.transientTensor("t", DType.F32, n);
    graph.add("one", new Add(), List.of(x, x), List.of(t));
    graph.add("two", new Add(), List.of(t, x), List.of(y));
    return graph;
  }

  private static MemorySegment floats(float... values) {
    return MemorySegment.ofArray(values);
  }

  private static float[] read(DeviceBackend device, String tensor) {
    return read(device, tensor, N);
  }

  private static float[] read(DeviceBackend device, String tensor, int n) {
    float[] values = new float[n];
    device.download(tensor, MemorySegment.ofArray(values));
    return MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_FLOAT);
  }
}
