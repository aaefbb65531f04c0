package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.foretoken.kernels.cuda.EmulatedTensorCores;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.Tile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which nodes share a kernel, and that results are those of two kernels to the bit. */
class NodeFusionTest {
  private static final int ROWS = 144;
  private static final int COLUMNS = 208;
  private static final int OUT = 32;

  @BeforeEach
  void forgetCalls() {
    EmulatedTensorCores.CALLS.clear();
  }

  /** h = RMSNorm(x), quantized both ways; dw = dy^T h in FP8. */
  private static Graph wgrad() {
    Graph graph = new Graph("wgrad");
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, ROWS, COLUMNS);
    Tensor weight = graph.declare("weight", DType.F32, Role.INPUT, COLUMNS);
    Tensor dy = graph.declare("dy", DType.F32, Role.INPUT, ROWS, OUT);
    Tensor h = graph.transientTensor("h", DType.F32, ROWS, COLUMNS);
    Tensor rstd = graph.declare("rstd", DType.F32, Role.OUTPUT, ROWS);
    graph.add("norm", new RmsNorm(1e-6f), List.of(x, weight), List.of(h, rstd));
    List<Tensor> hCodes = both(graph, "h", h, ROWS, COLUMNS);
    List<Tensor> dyCodes = both(graph, "dy", dy, ROWS, OUT);
    Tensor dw = graph.declare("dw", DType.F32, Role.OUTPUT, OUT, COLUMNS);
    graph.add(
        "wgrad",
        new Fp8MatMul(Layout.TN, false),
        List.of(dyCodes.get(2), dyCodes.get(3), hCodes.get(2), hCodes.get(3)),
        List.of(dw));
    return graph;
  }

  private static List<Tensor> both(Graph graph, String name, Tensor x, int rows, int columns) {
    List<Tensor> codes =
        List.of(
            graph.transientTensor(name + ".rows", DType.E4M3, rows, columns),
            graph.transientTensor(
                name + ".rowScales", DType.F32, rows, Tile.ROW_1X128.scaleColumns(columns)),
            graph.transientTensor(name + ".columns", DType.E4M3, rows, columns),
            graph.transientTensor(
                name + ".columnScales", DType.F32, Tile.COLUMN_128X1.scaleRows(rows), columns));
    graph.add(name + "/quantize", new QuantizeBoth(false), List.of(x), codes);
    return codes;
  }

  private static GemmRoads roads(GemmRoad road) {
    return new GemmRoads(road, EnumSet.allOf(GemmRoad.class), GemmTable.EMPTY);
  }

  private static List<String> kernels(Graph graph, GemmRoads roads) {
    NodeFusion fusion = NodeFusion.of(graph, roads);
    TaskList tasks = TaskList.measuring(SlotPlan.of(graph, fusion), fusion, false, roads);
    graph.nodes().forEach(node -> DeviceDispatch.emit(node, tasks));
    return tasks.tasks().stream().map(DeviceTask::kernel).toList();
  }

  private static float[] run(Graph graph, GemmRoads roads, String output) {
    try (DeviceBackend device = new DeviceBackend(DeviceKind.EMULATOR, false, roads);
        Arena arena = Arena.ofConfined()) {
      var executable = device.compile(graph);
      int seed = 1;
      for (Tensor t : graph.tensors()) {
        if (t.role() == Role.INPUT) {
          MemorySegment values = arena.allocate(t.bytes(), 64);
          java.util.Random random = new java.util.Random(seed++);
          for (long i = 0; i < t.shape().elements(); i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
          }
          device.upload(t.name(), values);
        }
      }
      executable.run();
      MemorySegment found = arena.allocate(graph.tensor(output).bytes(), 64);
      device.download(output, found);
      return found.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Test
  void aNormThatIsOnlyQuantizedIsComputedByTheQuantizer() {
    assertThat(kernels(wgrad(), roads(GemmRoad.JIT)))
        .containsExactly(
            "rmsNormStats", "rmsNormQuantizeBoth", "quantizeRowsAndColumns", "fp8GemmWgrad");
    // What a comparison looks at is written.
    assertThat(kernels(wgrad().exposing(Set.of("h")), roads(GemmRoad.JIT)))
        .containsExactly(
            "rmsNormForward", "quantizeRowsAndColumns", "quantizeRowsAndColumns", "fp8GemmWgrad");
  }

  @ParameterizedTest
  @EnumSource(names = {"JIT", "CUBLASLT", "PTX"})
  void fusedAndTransposedGiveTheBitsOfSingleKernels(GemmRoad road) {
    Graph graph = wgrad();
    Graph single = graph.exposing(Set.of("h", "h.columns", "dy.columns"));
    assertThat(run(graph, roads(road), "dw")).containsExactly(run(single, roads(road), "dw"));
    assertThat(run(graph, roads(road), "rstd")).containsExactly(run(single, roads(road), "rstd"));
  }

  @Test
  void librariesFindCodesForWgradTransposedAlready() {
    assertThat(kernels(wgrad(), roads(GemmRoad.PTX)))
        .containsExactly(
            "rmsNormStats", "rmsNormQuantizeBoth", "quantizeRowsAndColumns", "wgmmaFp8");
    assertThat(kernels(wgrad().exposing(Set.of("dy.columns")), roads(GemmRoad.PTX)))
        .contains("transposeBytes");
  }

  @Test
  void whatIsReadTwiceOrChangedMeanwhileIsNotFused() {
    Graph graph = new Graph("swiglu");
    Tensor gate = graph.declare("gate", DType.F32, Role.STATE, ROWS, COLUMNS);
    Tensor up = graph.declare("up", DType.F32, Role.INPUT, ROWS, COLUMNS);
    Tensor y = graph.transientTensor("y", DType.F32, ROWS, COLUMNS);
    graph.add("swiglu", new SwiGlu(), List.of(gate, up), List.of(y));
    graph.add("changes", new org.foretoken.kernels.op.Zero(), List.of(), List.of(gate));
    Tensor codes = graph.declare("codes", DType.E4M3, Role.OUTPUT, ROWS, COLUMNS);
    Tensor scales = graph.declare("scales", DType.F32, Role.OUTPUT, ROWS, 2);
    graph.add("quantize", new Quantize(Tile.ROW_1X128, false), List.of(y), List.of(codes, scales));
    assertThat(kernels(graph, roads(GemmRoad.JIT)))
        .containsExactly("swiGluForward", "zeroFill", "quantizeRows");

    Graph twice = new Graph("twice");
    Tensor a = twice.declare("a", DType.F32, Role.INPUT, ROWS, COLUMNS);
    Tensor b = twice.declare("b", DType.F32, Role.INPUT, ROWS, COLUMNS);
    Tensor z = twice.transientTensor("z", DType.F32, ROWS, COLUMNS);
    twice.add("swiglu", new SwiGlu(), List.of(a, b), List.of(z));
    for (int i = 0; i < 2; i++) {
      Tensor c = twice.declare("codes" + i, DType.E4M3, Role.OUTPUT, ROWS, COLUMNS);
      Tensor s = twice.declare("scales" + i, DType.F32, Role.OUTPUT, ROWS, 2);
      twice.add("quantize" + i, new Quantize(Tile.ROW_1X128, false), List.of(z), List.of(c, s));
    }
    assertThat(kernels(twice, roads(GemmRoad.JIT)))
        .containsExactly("swiGluForward", "quantizeRows", "quantizeRows");
  }
}
