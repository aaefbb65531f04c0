package org.foretoken.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.Tile;
import org.junit.jupiter.api.Test;

class GraphComparisonTest {
  private final Graph graph = new Graph("norm, quantize, multiply");

  GraphComparisonTest() {
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, 9, 300);
    Tensor gain = graph.declare("gain", DType.F32, Role.PARAMETER, 300);
    Tensor w = graph.declare("w", DType.F32, Role.PARAMETER, 40, 300);
    Tensor y = graph.transientTensor("y", DType.F32, 9, 300);
    Tensor rstd = graph.transientTensor("rstd", DType.F32, 9);
    graph.add("norm", new RmsNorm(1e-6f), List.of(x, gain), List.of(y, rstd));
    Tensor yCodes = graph.transientTensor("y.codes", DType.E4M3, 9, 300);
    Tensor yScales = graph.transientTensor("y.scales", DType.F32, 9, 3);
    graph.add("q", new Quantize(Tile.ROW_1X128, false), List.of(y), List.of(yCodes, yScales));
    Tensor wCodes = graph.transientTensor("w.codes", DType.E4M3, 40, 300);
    Tensor wScales = graph.transientTensor("w.scales", DType.F32, 1, 3);
    graph.add("qw", new Quantize(Tile.BLOCK_128X128, false), List.of(w), List.of(wCodes, wScales));
    Tensor c = graph.declare("c", DType.F32, Role.OUTPUT, 9, 40);
    graph.add(
        "fp8",
        new Fp8MatMul(Layout.NT, false),
        List.of(yCodes, yScales, wCodes, wScales),
        List.of(c));
    // The same product once more, unquantized, into the same output.
    graph.add("f32", new MatMul(Layout.NT, Precision.F32, false), List.of(y, w), List.of(c));
  }

  private static void fill(Tensor tensor, MemorySegment target) {
    if (List.of("x", "gain", "w").contains(tensor.name())) {
      SeededData.normal(1).fill(tensor, target, tensor.name().hashCode());
    }
  }

  private List<GraphComparison.Result> compare(
      Supplier<Backend> tested, GraphComparison.Inputs inputs) {
    return GraphComparison.run(
        graph, tested, ReferenceBackend::new, inputs, 1, GraphComparisonTest::fill);
  }

  @Test
  void everyNodeIsComparedOnSharedInputs() {
    try (HostPool pool = new HostPool(1)) {
      List<GraphComparison.Result> results =
          compare(() -> new HostBackend(pool, true), GraphComparison.Inputs.SHARED);
      assertThat(results)
          .extracting(r -> r.node().label())
          .containsExactly("norm", "q", "qw", "fp8", "f32");
      assertThat(results).allSatisfy(r -> assertThat(r.outputs()).hasSameSizeAs(r.node().writes()));
      assertThat(results).allSatisfy(r -> assertThat(r.similarity()).isLessThan(1e-11));
      assertThat(results).allSatisfy(r -> assertThat(r.testedNanos()).isPositive());
      assertThat(results).allSatisfy(r -> assertThat(r.agrees()).isTrue());
      // The norm differs by rounding; quantizing equal inputs does not differ at all.
      assertThat(results.get(0).max()).isPositive();
      assertThat(results.get(0).outputs().get(0).ulps()).isBetween(1L, 8L);
      assertThat(results.get(2).outputs())
          .allMatch(o -> o.error().mismatches() == 0 && o.ulps() == 0);
    }
  }

  @Test
  void aWrongNodeIsFoundWhereItIs() {
    assertThat(compare(() -> new Bent("fp8"), GraphComparison.Inputs.SHARED))
        .extracting(GraphComparison.Result::agrees)
        .containsExactly(true, true, true, false, true);
    assertThat(compare(() -> new Bent("norm"), GraphComparison.Inputs.SHARED))
        .extracting(GraphComparison.Result::agrees)
        .containsExactly(false, true, true, true, true);
    assertThat(compare(() -> new Bent("norm"), GraphComparison.Inputs.OWN))
        .extracting(GraphComparison.Result::agrees)
        .containsExactly(false, false, true, false, false);
  }

  @Test
  void nodesAreTimedOneByOne() {
    long[] nanos =
        GraphComparison.times(graph, ReferenceBackend::new, 2, GraphComparisonTest::fill);
    assertThat(nanos).hasSize(5).doesNotContain(0);
  }
}
