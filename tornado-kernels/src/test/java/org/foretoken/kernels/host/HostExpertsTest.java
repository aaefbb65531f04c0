package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.ExpertBias;
import org.foretoken.kernels.op.ExpertCombine;
import org.foretoken.kernels.op.ExpertDispatch;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertLoad;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.ExpertOrder;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeExperts;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;
import org.foretoken.kernels.op.Zero;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What holds for routed rows beyond the parity with the reference. */
class HostExpertsTest {
  private static final int EXPERTS = 12;
  private static final int PER_TOKEN = 3;
  private static final int WIDTH = 150;
  private static final int INNER = 70;

  /** Logits and rows to experts and back, through one product, in a precision or in FP8. */
  private static float[] layer(Precision precision, int threads, float[] logits, float[] x) {
    int rows = x.length / WIDTH;
    Graph graph = new Graph("layer");
    Tensor l = graph.declare("logits", DType.F32, Role.INPUT, rows, EXPERTS);
    Tensor bias = graph.declare("bias", DType.F32, Role.STATE, EXPERTS);
    Tensor in = graph.declare("x", DType.F32, Role.INPUT, rows, WIDTH);
    Tensor w = graph.declare("w", DType.F32, Role.PARAMETER, EXPERTS, INNER, WIDTH);
    Tensor scores = graph.transientTensor("scores", DType.F32, rows, EXPERTS);
    Tensor experts = graph.transientTensor("experts", DType.I32, rows, PER_TOKEN);
    Tensor gates = graph.transientTensor("gates", DType.F32, rows, PER_TOKEN);
    Tensor positions = graph.transientTensor("positions", DType.I32, rows, PER_TOKEN);
    Tensor segments = graph.transientTensor("segments", DType.I32, EXPERTS, Segments.WIDTH);
    Tensor grouped = graph.transientTensor("grouped", DType.F32, rows * PER_TOKEN, WIDTH);
    Tensor out = graph.transientTensor("out", DType.F32, rows * PER_TOKEN, INNER);
    Tensor y = graph.declare("y", DType.F32, Role.OUTPUT, rows, INNER);
    graph.add(
        "route",
        new ExpertGate(PER_TOKEN, 4, 2, true, 2.5f),
        List.of(l, bias),
        List.of(scores, experts, gates));
    graph.add("order", new ExpertOrder(EXPERTS), List.of(experts), List.of(positions, segments));
    graph.add("dispatch", new ExpertDispatch(), List.of(in, positions), List.of(grouped));
    if (precision == null) {
      Tensor codes = graph.transientTensor("codes", DType.E4M3, rows * PER_TOKEN, WIDTH);
      Tensor scales = graph.transientTensor("scales", DType.F32, rows * PER_TOKEN, 2);
      Tensor wCodes = graph.declare("wCodes", DType.E4M3, Role.STATE, EXPERTS, INNER, WIDTH);
      Tensor wScales = graph.declare("wScales", DType.F32, Role.STATE, EXPERTS, 1, 2);
      graph.add("q", new Quantize(Tile.ROW_1X128, false), List.of(grouped), List.of(codes, scales));
      graph.add(
          "product",
          new ExpertFp8MatMul(Layout.NT, false),
          List.of(codes, scales, wCodes, wScales, segments),
          List.of(out));
    } else {
      graph.add(
          "product",
          new ExpertMatMul(Layout.NT, precision, false),
          List.of(grouped, w, segments),
          List.of(out));
    }
    graph.add("combine", new ExpertCombine(), List.of(out, positions, gates), List.of(y));
    try (HostPool pool = new HostPool(threads);
        HostBackend host = new HostBackend(pool, false)) {
      Executable run = host.compile(graph);
      Executable weights = host.compile(weights(precision));
      host.upload("logits", MemorySegment.ofArray(logits));
      host.upload("x", MemorySegment.ofArray(x));
      host.upload("w", MemorySegment.ofArray(OneOp.random(3, EXPERTS * INNER * WIDTH, 0.1)));
      weights.run();
      run.run();
      run.run(); // packed copies are there the second time
      float[] result = new float[rows * INNER];
      host.download("y", MemorySegment.ofArray(result));
      return result;
    }
  }

  /** Quantizes the weights once, as for decoding. */
  private static Graph weights(Precision precision) {
    Graph graph = new Graph("weights");
    if (precision == null) {
      Tensor w = graph.declare("w", DType.F32, Role.PARAMETER, EXPERTS, INNER, WIDTH);
      Tensor codes = graph.declare("wCodes", DType.E4M3, Role.STATE, EXPERTS, INNER, WIDTH);
      Tensor scales = graph.declare("wScales", DType.F32, Role.STATE, EXPERTS, 1, 2);
      graph.add("qw", new QuantizeExperts(false), List.of(w), List.of(codes, scales));
    }
    return graph;
  }

  /** Decoding takes packed copies of the weights, a batch does not: the bits are the same. */
  @ParameterizedTest
  @CsvSource({"F32", "BF16", "FP8"})
  void aRowHasTheSameBitsWhateverRowsRunBesideIt(String kind) {
    Precision precision = kind.equals("FP8") ? null : Precision.valueOf(kind);
    int rows = 57;
    float[] logits = OneOp.random(1, rows * EXPERTS, 2);
    float[] x = OneOp.random(2, rows * WIDTH, 1);
    float[] whole = layer(precision, 2, logits, x);
    assertThat(layer(precision, 1, logits, x)).isEqualTo(whole);
    for (int[] part : new int[][] {{0, 1}, {5, 7}, {20, 31}, {56, 57}}) {
      float[] alone =
          layer(
              precision,
              2,
              OneOp.rows(logits, EXPERTS, part[0], part[1]),
              OneOp.rows(x, WIDTH, part[0], part[1]));
      assertThat(alone).isEqualTo(OneOp.rows(whole, INNER, part[0], part[1]));
    }
  }

  /** One token's decoding reads its own experts: NaN in the others does not show. */
  @Test
  void expertsWithoutRowsAreNotRead() {
    float[] w = OneOp.random(1, 5 * 8 * 16, 1);
    Arrays.fill(w, 0, 2 * 8 * 16, Float.NaN);
    Arrays.fill(w, 3 * 8 * 16, w.length, Float.NaN);
    int[] segments = {0, 0, 0, 0, 0, 0, 0, 4, 0, 4, 0, 1, 4, 0, 1};
    float[] y =
        new OneOp(new ExpertMatMul(Layout.NT, Precision.F32, false))
            .in("a", OneOp.random(2, 4 * 16, 1), 4, 16)
            .in("b", w, 5, 8, 16)
            .in("segments", segments, 5, 3)
            .out("c", 4, 8)
            .run(2)
            .get("c");
    assertThat(y).doesNotContain(Float.NaN);
  }

  @Test
  void segmentsThatAreNotTheRowsAreRefused() {
    int[][] wrong = {
      {0, 2, 0, 2, 1, 1, 3, 0, 2}, // a row is missing
      {0, 2, 0, 1, 2, 1, 3, 1, 2}, // two experts overlap
      {0, 2, 0, 2, 9, 1, 11, 0, 2}, // more than there are
      {0, 2, 0, 2, 2, 0, 4, 0, 2}, // tiles overlap
      {0, -1, 0, -1, 5, 0, 4, 0, 2}
    };
    for (int[] segments : wrong) {
      OneOp op =
          new OneOp(new ExpertMatMul(Layout.NT, Precision.F32, false))
              .in("a", new float[4 * 6], 4, 6)
              .in("b", new float[3 * 5 * 6], 3, 5, 6)
              .in("segments", segments, 3, 3)
              .out("c", 4, 5);
      assertThatThrownBy(() -> op.run(1))
          .isInstanceOf(GraphException.class)
          .hasMessageContaining("expected segments of 4 rows");
    }
  }

  @Test
  void positionsOutOfRangeAreRefused() {
    OneOp op =
        new OneOp(new ExpertDispatch())
            .in("x", new float[6], 2, 3)
            .in("positions", new int[] {0, 1, 2, 4}, 2, 2)
            .out("y", 4, 3);
    assertThatThrownBy(() -> op.run(1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("found 4 at 3");
  }

  /** Loads of a router whose experts differ by what they are, under a bias moved by gamma. */
  private static float[] loads(float gamma, int steps) {
    int rows = 512;
    Graph graph = new Graph("balance");
    Tensor logits = graph.declare("logits", DType.F32, Role.INPUT, rows, EXPERTS);
    Tensor bias = graph.declare("bias", DType.F32, Role.STATE, EXPERTS);
    Tensor load = graph.declare("load", DType.F32, Role.STATE, EXPERTS);
    Tensor scores = graph.transientTensor("scores", DType.F32, rows, EXPERTS);
    Tensor experts = graph.transientTensor("experts", DType.I32, rows, PER_TOKEN);
    Tensor gates = graph.transientTensor("gates", DType.F32, rows, PER_TOKEN);
    Tensor positions = graph.transientTensor("positions", DType.I32, rows, PER_TOKEN);
    Tensor segments = graph.transientTensor("segments", DType.I32, EXPERTS, Segments.WIDTH);
    graph.add("zero", new Zero(), List.of(), List.of(load));
    graph.add(
        "route",
        new ExpertGate(PER_TOKEN, 1, 1, true, 1),
        List.of(logits, bias),
        List.of(scores, experts, gates));
    graph.add("order", new ExpertOrder(EXPERTS), List.of(experts), List.of(positions, segments));
    graph.add("load", new ExpertLoad(), List.of(segments), List.of(load));
    graph.add("bias", new ExpertBias(gamma), List.of(load), List.of(bias));
    float[] last = new float[EXPERTS];
    try (HostPool pool = new HostPool(1);
        HostBackend host = new HostBackend(pool, false)) {
      Executable run = host.compile(graph);
      SplittableRandom random = new SplittableRandom(5);
      float[] values = new float[rows * EXPERTS];
      for (int step = 0; step < steps; step++) {
        for (int i = 0; i < values.length; i++) {
          double skew = (i % EXPERTS - EXPERTS / 2) * 0.25; // by expert, from -1.5 to 1.25
          values[i] = (float) (skew + random.nextGaussian());
        }
        host.upload("logits", MemorySegment.ofArray(values));
        run.run();
      }
      host.download("load", MemorySegment.ofArray(last));
    }
    return last;
  }

  private static double maxViolation(float[] loads) {
    double sum = 0;
    double most = 0;
    for (float load : loads) {
      sum += load;
      most = Math.max(most, load);
    }
    return most * loads.length / sum - 1;
  }

  @Test
  void theBiasAloneBalancesASkewedRouter() {
    float[] without = loads(0, 1);
    float[] with = loads(1e-3f, 500);
    assertThat(maxViolation(without)).isGreaterThan(1.2);
    assertThat(maxViolation(loads(0, 500))).isGreaterThan(1.2);
    assertThat(maxViolation(with)).isLessThan(0.25);
    double sum = IntStream.range(0, EXPERTS).mapToDouble(e -> with[e]).sum();
    assertThat(sum).as("no row is dropped").isEqualTo(512 * PER_TOKEN);
  }

  /** The selection that the definition gives, sorted out one expert at a time. */
  @Test
  void equalScoresGoToTheLowestIndex() {
    float[] logits = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0};
    for (boolean grouped : new boolean[] {false, true}) {
      Graph graph = new Graph("ties");
      Tensor l = graph.declare("l", DType.F32, Role.INPUT, 2, 8);
      Tensor bias = graph.declare("b", DType.F32, Role.INPUT, 8);
      Tensor scores = graph.declare("s", DType.F32, Role.OUTPUT, 2, 8);
      Tensor experts = graph.declare("e", DType.I32, Role.OUTPUT, 2, 3);
      Tensor gates = graph.declare("g", DType.F32, Role.OUTPUT, 2, 3);
      ExpertGate op = new ExpertGate(3, grouped ? 4 : 1, grouped ? 2 : 1, true, 1);
      graph.add("gate", op, List.of(l, bias), List.of(scores, experts, gates));
      int[] found = new int[6];
      try (HostPool pool = new HostPool(1);
          HostBackend host = new HostBackend(pool, false)) {
        Executable run = host.compile(graph);
        host.upload("l", MemorySegment.ofArray(logits));
        run.run();
        host.download("e", MemorySegment.ofArray(found));
      }
      assertThat(Arrays.copyOf(found, 3)).containsExactly(0, 1, 2);
      // Scores of the second row: 1, 0, 0, 0, 0, 1, 1, 0; groups {0,1}, {4,5} and {6,7} tie.
      assertThat(Arrays.copyOfRange(found, 3, 6))
          .containsExactly(grouped ? new int[] {0, 5, 1} : new int[] {0, 5, 6});
    }
  }
}
