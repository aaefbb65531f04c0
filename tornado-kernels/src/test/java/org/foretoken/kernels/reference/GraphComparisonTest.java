package org.foretoken.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
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

  private void upload(Backend backend) {
    for (String name : List.of("x", "gain", "w")) {
      Tensor t = graph.tensor(name);
      MemorySegment segment = Arena.ofAuto().allocate(t.bytes(), 64);
      SeededData.normal(1).fill(t, segment, name.hashCode());
      backend.upload(name, segment);
    }
  }

  @Test
  void everyNodeIsComparedOnSharedInputs() {
    try (HostPool pool = new HostPool(1);
        HostBackend host = new HostBackend(pool, true);
        ReferenceBackend reference = new ReferenceBackend()) {
      List<GraphComparison.Result> results =
          GraphComparison.run(graph, host, reference, GraphComparison.Inputs.SHARED, this::upload);
      assertThat(results)
          .extracting(r -> r.node().label())
          .containsExactly("norm", "q", "qw", "fp8", "f32");
      assertThat(results).allSatisfy(r -> assertThat(r.errors()).hasSameSizeAs(r.node().writes()));
      assertThat(results).allSatisfy(r -> assertThat(r.similarity()).isLessThan(1e-11));
      assertThat(results).allSatisfy(r -> assertThat(r.testedNanos()).isPositive());
      // The norm differs by rounding; quantizing equal inputs does not differ at all.
      assertThat(results.get(0).max()).isPositive();
      assertThat(results.get(2).errors()).allMatch(e -> e.mismatches() == 0);
    }
  }

  @Test
  void aWrongNodeIsFoundWhereItIs() {
    try (Bent bent = new Bent("fp8");
        ReferenceBackend reference = new ReferenceBackend()) {
      List<GraphComparison.Result> shared =
          GraphComparison.run(graph, bent, reference, GraphComparison.Inputs.SHARED, this::upload);
      assertThat(shared)
          .extracting(r -> r.max() > 0.01)
          .containsExactly(false, false, false, true, false);
    }
    try (Bent bent = new Bent("norm");
        ReferenceBackend reference = new ReferenceBackend()) {
      List<GraphComparison.Result> shared =
          GraphComparison.run(graph, bent, reference, GraphComparison.Inputs.SHARED, this::upload);
      assertThat(shared)
          .extracting(r -> r.max() > 0.01)
          .containsExactly(true, false, false, false, false);
    }
    try (Bent bent = new Bent("norm");
        ReferenceBackend reference = new ReferenceBackend()) {
      List<GraphComparison.Result> own =
          GraphComparison.run(graph, bent, reference, GraphComparison.Inputs.OWN, this::upload);
      assertThat(own)
          .extracting(r -> r.max() > 0.01)
          .containsExactly(true, true, false, true, true);
    }
  }
}
