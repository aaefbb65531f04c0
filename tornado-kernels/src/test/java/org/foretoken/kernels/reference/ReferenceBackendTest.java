package org.foretoken.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.AdamW;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.CachedAttention;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.Rope;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.Tile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The reference operations against values worked out by hand, and the backend's own contract. */
class ReferenceBackendTest {
  @Test
  void everyCodeSurvivesUploadAndDownload() {
    for (DType dtype : List.of(DType.E4M3, DType.E5M2, DType.E5M6, DType.BF16)) {
      int codes = dtype.bytes() == 1 ? 256 : dtype == DType.E5M6 ? 4096 : 65536;
      Graph graph = new Graph("codes");
      graph.declare("codes", dtype, Role.STATE, codes);
      ReferenceBackend backend = new ReferenceBackend();
      backend.compile(graph);
      MemorySegment in = Arena.ofAuto().allocate((long) codes * dtype.bytes());
      MemorySegment out = Arena.ofAuto().allocate((long) codes * dtype.bytes());
      for (int i = 0; i < codes; i++) {
        if (dtype.bytes() == 1) {
          in.set(ValueLayout.JAVA_BYTE, i, (byte) i);
        } else {
          in.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) i);
        }
      }
      backend.upload("codes", in);
      backend.download("codes", out);
      double[] values = backend.values("codes");
      for (int i = 0; i < codes; i++) {
        boolean infinite = dtype == DType.E5M6 && Double.isInfinite(values[i]);
        if (Double.isNaN(values[i]) || infinite) {
          continue; // NaN payloads are not kept, and E5M6 saturates.
        }
        long size = dtype.bytes();
        assertThat(out.asSlice(i * size, size).mismatch(in.asSlice(i * size, size)))
            .as("%s code %x", dtype, i)
            .isEqualTo(-1);
      }
    }
  }

  @Test
  void f32TensorsAreNotRoundedBetweenNodes() {
    Probe p = new Probe(1);
    Tensor a = p.values("a", 1);
    Tensor b = p.values("b", 1e-12);
    Tensor y = p.zero("y", 1);
    p.node(new Add(), List.of(a, b), y);
    p.run();
    assertThat(p.result(y)[0]).isEqualTo(1 + 1e-12).isNotEqualTo(1.0);
  }

  @Test
  void residentsAreSharedByNameAndTransientsStartAsNan() {
    ReferenceBackend backend = new ReferenceBackend();
    Graph first = new Graph("first");
    Tensor w = first.declare("w", DType.F32, Role.PARAMETER, 2);
    Tensor t = first.transientTensor("t", DType.F32, 2);
    Tensor y = first.declare("y", DType.F32, Role.OUTPUT, 2);
    first.add("a", new Add(), List.of(w, w), List.of(t));
    first.add("b", new Add(), List.of(t, w), List.of(y));
    Graph second = new Graph("second");
    second.declare("w", DType.F32, Role.PARAMETER, 2);
    ReferenceExecutable executable = backend.compile(first);
    backend.compile(second);
    backend.values("w")[1] = 5;
    executable.run();
    assertThat(backend.values("y")).containsExactly(0, 15);
    assertThat(backend.residents()).extracting(Tensor::name).containsExactly("w", "y");
    assertThat(executable.nodeNanos()).hasSize(2);

    Graph other = new Graph("other");
    other.declare("w", DType.F32, Role.PARAMETER, 3);
    assertThatThrownBy(() -> backend.compile(other))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("'w F32[3]' expected to be F32[2]");
    assertThatThrownBy(() -> backend.values("t")).hasMessageContaining("no resident tensor 't'");
    assertThatThrownBy(() -> backend.upload("w", MemorySegment.ofArray(new byte[7])))
        .hasMessageContaining("expected 8 bytes, found a segment of 7");
  }

  @Test
  void indicesOutOfRangeNameOperationAndElement() {
    Probe p = new Probe(1);
    Tensor table = p.real("table", 6, 2);
    Tensor y = p.zero("y", 3, 2);
    p.node(new Embedding(), List.of(p.ints("tokens", 0, 6, 1), table), y);
    assertThatThrownBy(p::run)
        .isInstanceOf(GraphException.class)
        .hasMessage(
            "reference: operation 'Embedding0' (Embedding): ids[1] in tensor 'tokens' expected 0 to"
                + " 5, found 6");
  }

  @Test
  void ropeTurnsAdjacentPairsOfTheLastColumns() {
    Probe p = new Probe(1);
    Tensor x = p.values("x", 7, 1, 0, 0, 1);
    Tensor asRow = p.graph.declare("row", DType.F32, Role.STATE, 1, 5);
    Tensor y = p.zero("y", 1, 5);
    p.node(new Rope(1, 5, 4, 100, false), List.of(asRow, p.ints("positions", 2)), y);
    p.backend.compile(p.graph);
    System.arraycopy(new double[] {7, 1, 0, 0, 1}, 0, p.backend.values("row"), 0, 5);
    p.run();
    // Pair 0 turns by 2, pair 1 by 2 * 100^(-2/4) = 0.2; the first column stays.
    assertThat(p.result(y))
        .containsExactly(
            new double[] {7, Math.cos(2), Math.sin(2), -Math.sin(0.2), Math.cos(0.2)},
            within(1e-15));
    assertThat(x.shape().elements()).isEqualTo(5);
  }

  @Test
  void crossEntropyOfKnownLogits() {
    Probe p = new Probe(1);
    // One-hot hidden states read the logits off the weight's columns.
    Tensor hidden = p.zero("hidden", 3, 2);
    Tensor weight = p.zero("weight", 4, 2);
    Tensor targets = p.ints("targets", 1, -1, 3);
    Tensor stats = p.zero("stats", 4);
    Tensor nll = p.zero("nll", 3);
    p.node(new CrossEntropyEval(Precision.F32), List.of(hidden, weight, targets), stats, nll);
    p.backend.compile(p.graph);
    System.arraycopy(new double[] {1, 0, 1, 1, 0, 1}, 0, p.backend.values("hidden"), 0, 6);
    double[] columns = {0, 1, Math.log(2), 2, 0, 3, 0, 4};
    System.arraycopy(columns, 0, p.backend.values("weight"), 0, 8);
    p.run();
    double first = Math.log(1 + 2 + 1 + 1) - Math.log(2);
    double third = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3) + Math.exp(4)) - 4;
    assertThat(p.result(nll)).containsExactly(new double[] {first, 0, third}, within(1e-14));
    assertThat(p.result(stats))
        .containsExactly(new double[] {first + third, 2, 2, 0}, within(1e-14));
  }

  @Test
  void maskedRowsHaveNoGradientAndAnEmptyBatchHasNone() {
    Probe p = new Probe(5);
    Tensor hidden = p.real("hidden", 2, 3);
    Tensor weight = p.real("weight", 4, 3);
    Tensor stats = p.zero("stats", 4);
    Tensor dHidden = p.zero("dHidden", 2, 3);
    Tensor dWeight = p.zero("dWeight", 4, 3);
    p.node(
        new CrossEntropyHead(Precision.F32),
        List.of(hidden, weight, p.ints("targets", -1, -1), p.values("coefficient", 1)),
        stats,
        dHidden,
        dWeight);
    p.run();
    assertThat(p.result(stats)).containsExactly(0, 0, 0, 0);
    assertThat(p.result(dHidden)).containsOnly(0);
    assertThat(p.result(dWeight)).containsOnly(0);
  }

  @Test
  void cachedAttentionEqualsTheSameRowsOfAttention() {
    Probe p = new Probe(2);
    Tensor q = p.real("q", 5, 12);
    Tensor k = p.real("k", 5, 6);
    Tensor v = p.real("v", 5, 4);
    Tensor o = p.zero("o", 5, 8);
    Tensor lse = p.zero("lse", 5, 4);
    Tensor first = p.ints("first", 0, 0, 2, 2, 2);
    p.node(new Attention(4, 2, 3, 2, 0.5f), List.of(q, k, v, first), o, lse);
    Tensor keys = p.real("keys", 9, 6);
    Tensor values = p.real("values", 9, 4);
    Tensor slots = p.ints("slots", 3, 4, 5, 6, 7);
    p.node(new CacheAppend(), List.of(k, slots), keys);
    p.node(new CacheAppend(), List.of(v, slots), values);
    Tensor begins = p.ints("begins", 3, 3, 5, 5, 5);
    Tensor ends = p.ints("ends", 4, 5, 6, 7, 8);
    Tensor cached = p.zero("cached", 5, 8);
    p.node(new CachedAttention(4, 2, 3, 2, 0.5f), List.of(q, keys, values, begins, ends), cached);
    p.run();
    assertThat(p.result(cached)).containsExactly(p.result(o));
    assertThat(p.result(o)).doesNotContain(0.0);
  }

  @Test
  void adamWTakesTwoStepsWorkedOutByHand() {
    for (boolean decay : new boolean[] {true, false}) {
      Probe p = new Probe(1);
      Tensor g = p.values("g", 3, -4, 0);
      double[] hyper = {0.1, 0.9, 0.99, 1e-8, 0.5, 0.1, 0.01, 2.5};
      Tensor h = p.values("hyper", hyper);
      Tensor squares = p.zero("squares", 1);
      Tensor param = p.values("param", 1, 2, 3);
      Tensor m = p.zero("m", 3);
      Tensor v = p.graph.declare("v", DType.BF16, Role.STATE, 3);
      p.node(new SumSquares(), List.of(g), squares);
      p.node(new AdamW(decay), List.of(g, h, squares), param, m, v);
      p.run();
      assertThat(p.result(squares)).containsExactly(25);
      // Norm 5 is clipped to 2.5: g = 1.5, -2, 0. The first step is the sign of g, less the decay.
      double shrink = decay ? 0.95 : 1;
      assertThat(p.result(param))
          .containsExactly(new double[] {shrink - 0.1, 2 * shrink + 0.1, 3 * shrink}, within(1e-8));
      assertThat(p.result(m)).containsExactly(new double[] {0.15, -0.2, 0}, within(1e-15));
      assertThat(p.result(v)).containsExactly(new double[] {0.0225, 0.04, 0}, within(1e-15));

      double[] before = p.result(param).clone();
      System.arraycopy(new double[] {0.19, 0.0199, 0}, 0, p.backend.values("hyper"), 5, 3);
      p.result(squares)[0] = 0;
      p.run();
      // No clipping where the largest norm is 0: g = 3.
      double mHat = (0.9 * 0.15 + 0.1 * 3) / 0.19;
      double vHat = (0.99 * 0.0225 + 0.01 * 9) / 0.0199;
      double expected = shrink * before[0] - 0.1 * mHat / (Math.sqrt(vHat) + 1e-8);
      if (decay) {
        expected = before[0] - 0.1 * (mHat / (Math.sqrt(vHat) + 1e-8) + 0.5 * before[0]);
      }
      assertThat(p.result(param)[0]).isCloseTo(expected, within(1e-13));
    }
  }

  @Test
  void quantizingFollowsTheDefinition() {
    Probe p = new Probe(1);
    Tensor x = p.zero("x", 2, 129);
    Tensor codes = p.graph.declare("codes", DType.E4M3, Role.OUTPUT, 2, 129);
    Tensor scales = p.zero("scales", 2, 2);
    p.node(new Quantize(Tile.ROW_1X128, false), List.of(x), codes, scales);
    p.backend.compile(p.graph);
    double[] values = p.backend.values("x");
    values[0] = 896;
    values[1] = -2.125;
    values[2] = 1e-9; // below half of the smallest subnormal of this scale
    values[128] = 1.0 / 3;
    p.run();
    float third = (float) (1.0 / 3);
    assertThat(p.result(scales)).containsExactly(2, third / 448f, 1, 1);
    assertThat(p.result(codes)[0]).isEqualTo(448);
    assertThat(p.result(codes)[1]).isEqualTo(-1); // -1.0625 is a tie
    assertThat(p.result(codes)[2]).isEqualTo(0);
    assertThat(p.result(codes)[128]).isEqualTo(448);

    values[130] = Double.POSITIVE_INFINITY;
    assertThatThrownBy(p::run)
        .isInstanceOf(InputException.class)
        .hasMessageContaining("x [1, 1]")
        .hasMessageContaining("Infinity");
  }

  @ParameterizedTest
  @EnumSource(Tile.class)
  void dequantizedCodesAreWithinHalfAStepOfTheInput(Tile tile) {
    for (DType dtype : List.of(DType.E4M3, DType.E5M2, DType.E5M6)) {
      for (boolean powerOfTwo : new boolean[] {false, true}) {
        Probe p = new Probe(4);
        Tensor x = p.real("x", 130, 200);
        Tensor codes = p.graph.declare("codes", dtype, Role.OUTPUT, 130, 200);
        Tensor scales = p.zero("scales", tile.scaleRows(130), tile.scaleColumns(200));
        p.node(new Quantize(tile, powerOfTwo), List.of(x), codes, scales);
        Tensor back = p.zero("back", 130, 200);
        p.node(new Dequantize(tile), List.of(codes, scales), back);
        p.run();
        double halfStep =
            dtype == DType.E4M3 ? 1.0 / 16 : dtype == DType.E5M2 ? 1.0 / 8 : 1.0 / 128;
        double[] in = p.result(x);
        double[] out = p.result(back);
        for (int i = 0; i < in.length; i++) {
          assertThat(out[i]).isCloseTo(in[i], within(halfStep * Math.abs(in[i]) + 1e-4));
        }
        if (powerOfTwo) {
          for (double s : p.result(scales)) {
            assertThat(s).isEqualTo(Math.scalb(1.0, Math.getExponent(s)));
          }
        }
      }
    }
  }

  @Test
  void quantizeBothIsTheTwoQuantizationsOfOneInput() {
    Probe p = new Probe(4);
    Tensor x = p.real("x", 130, 200);
    Tensor[] both = new Tensor[4];
    Tensor[] alone = new Tensor[4];
    for (int i = 0; i < 2; i++) {
      for (Tensor[] set : List.of(both, alone)) {
        String name = (set == both ? "both" : "alone") + i;
        Tile tile = i == 0 ? Tile.ROW_1X128 : Tile.COLUMN_128X1;
        set[2 * i] = p.graph.declare(name, DType.E4M3, Role.OUTPUT, 130, 200);
        set[2 * i + 1] = p.zero(name + "s", tile.scaleRows(130), tile.scaleColumns(200));
      }
    }
    p.node(new QuantizeBoth(false), List.of(x), both);
    p.node(new Quantize(Tile.ROW_1X128, false), List.of(x), alone[0], alone[1]);
    p.node(new Quantize(Tile.COLUMN_128X1, false), List.of(x), alone[2], alone[3]);
    p.run();
    for (int i = 0; i < 4; i++) {
      assertThat(p.result(both[i])).as("output %d", i).containsExactly(p.result(alone[i]));
    }
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void fp8ProductEqualsTheProductOfTheDequantizedOperands(Layout layout) {
    Probe p = new Probe(6);
    boolean tn = layout == Layout.TN;
    Tile leftTile = tn ? Tile.COLUMN_128X1 : Tile.ROW_1X128;
    Tile rightTile = tn ? Tile.COLUMN_128X1 : Tile.BLOCK_128X128;
    // x or dy [m, inner] (TN: [inner, m]) and w or x.
    int m = 9;
    int n = 140;
    int inner = 260;
    int[] left = tn ? new int[] {inner, m} : new int[] {m, inner};
    int[] right = layout == Layout.NT ? new int[] {n, inner} : new int[] {inner, n};
    Tensor[] a = quantized(p, "a", leftTile, left);
    Tensor[] b = quantized(p, "b", rightTile, right);
    Tensor c = p.zero("c", m, n);
    Tensor expected = p.zero("expected", m, n);
    p.node(new Fp8MatMul(layout, false), List.of(a[0], a[1], b[0], b[1]), c);
    p.node(new MatMul(layout, Precision.F32, false), List.of(a[2], b[2]), expected);
    p.run();
    assertThat(p.result(c)).containsExactly(p.result(expected), within(1e-10));
    assertThat(p.result(c)[0]).isNotZero();
  }

  /** Codes, scales and dequantized values of a random matrix. */
  private static Tensor[] quantized(Probe p, String name, Tile tile, int[] dims) {
    Tensor x = p.real(name, dims);
    Tensor codes = p.graph.declare(name + ".codes", DType.E4M3, Role.STATE, dims);
    Tensor scales = p.zero(name + ".scales", tile.scaleRows(dims[0]), tile.scaleColumns(dims[1]));
    Tensor back = p.zero(name + ".back", dims);
    p.node(new Quantize(tile, false), List.of(x), codes, scales);
    p.node(new Dequantize(tile), List.of(codes, scales), back);
    return new Tensor[] {codes, scales, back};
  }

  @Test
  void bf16ProductsRoundTheirOperands() {
    for (boolean exact : new boolean[] {false, true}) {
      Probe p = new Probe(1, exact);
      Tensor a = p.zero("a", 1, 1);
      Tensor b = p.zero("b", 1, 1);
      Tensor c = p.zero("c", 1, 1);
      p.node(new MatMul(Layout.NT, Precision.BF16, false), List.of(a, b), c);
      p.backend.compile(p.graph);
      p.backend.values("a")[0] = 1 + 0x1p-8; // a tie, to even
      p.backend.values("b")[0] = 3;
      p.run();
      assertThat(p.result(c)).containsExactly(exact ? 3 * (1 + 0x1p-8) : 3);
    }
  }
}
