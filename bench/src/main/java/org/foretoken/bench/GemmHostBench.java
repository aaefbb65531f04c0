package org.foretoken.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.foretoken.fp8.E4M3;
import org.foretoken.kernels.host.HostFp8Gemm;
import org.foretoken.kernels.host.HostGemm;
import org.foretoken.kernels.host.HostPackedWeight;
import org.foretoken.kernels.host.HostPool;

/**
 * Host GEMMs against LibTorch on the same shapes in the same process: interleaved rounds, as many
 * threads and as many warm-up calls on both sides, every result checked before it is timed.
 */
public final class GemmHostBench {
  /** What is multiplied, in the field's terms; m, n, k are those of y[m, n] = x[m, k] w[n, k]^T. */
  public enum Op {
    /** FP32 c[m, n] = a[m, k] b[n, k]^T. */
    F32_NT(LibTorchPeer.Layout.NT),
    /** FP32 c[m, n] = a[m, k] b[k, n]. */
    F32_NN(LibTorchPeer.Layout.NN),
    /** FP32 c[m, n] = a[k, m]^T b[k, n]. */
    F32_TN(LibTorchPeer.Layout.TN),
    /** FP32 operands rounded to bfloat16 while they are packed, NT. */
    BF16_NT(LibTorchPeer.Layout.NT),
    /** FP8 fprop: y[m, n] = x[m, k] w[n, k]^T. */
    FP8_FPROP(LibTorchPeer.Layout.NT),
    /** FP8 dgrad: dx[m, k] = dy[m, n] w[n, k]. */
    FP8_DGRAD(LibTorchPeer.Layout.NN),
    /** FP8 wgrad: dw[n, k] = dy[m, n]^T x[m, k]. */
    FP8_WGRAD(LibTorchPeer.Layout.TN),
    /** FP32 product with a weight packed before, NT. */
    F32_PACKED(LibTorchPeer.Layout.NT),
    /** Product with a weight rounded to bfloat16 and packed before, NT. */
    BF16_PACKED(LibTorchPeer.Layout.NT),
    /** FP8 fprop with a weight packed before. */
    FP8_PACKED(LibTorchPeer.Layout.NT);

    final LibTorchPeer.Layout layout;

    Op(LibTorchPeer.Layout layout) {
      this.layout = layout;
    }

    boolean isFp8() {
      return name().startsWith("FP8");
    }

    boolean isBf16() {
      return name().startsWith("BF16");
    }
  }

  /** The peer's number format. */
  public enum Peer {
    /** LibTorch FP32: OpenBLAS. */
    F32,
    /** LibTorch BF16: oneDNN, with the processor's bfloat16 instructions where it has them. */
    BF16
  }

  /**
   * Nanoseconds of one product in each round.
   *
   * @param ours this project's
   * @param peer LibTorch's
   */
  public record Rounds(long[] ours, long[] peer) {
    /** Median over the rounds of the peer's time over ours: above 1 we are faster. */
    public double medianSpeedup() {
      double[] ratios = new double[ours.length];
      for (int i = 0; i < ratios.length; i++) {
        ratios[i] = (double) peer[i] / ours[i];
      }
      return median(ratios);
    }

    private static double median(double[] x) {
      double[] sorted = x.clone();
      Arrays.sort(sorted);
      int half = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Median nanoseconds of ours. */
    public double oursMedian() {
      return median(Arrays.stream(ours).asDoubleStream().toArray());
    }

    /** Median nanoseconds of the peer. */
    public double peerMedian() {
      return median(Arrays.stream(peer).asDoubleStream().toArray());
    }
  }

  private static final int GROUP = HostFp8Gemm.GROUP;
  private static final long WARM_UP_NANOS = 1_500_000_000L;
  private static final int WARM_UP_CALLS = 20;
  private static final long ROUND_NANOS = 40_000_000L;
  private static final double TOLERANCE = 1e-5;

  private GemmHostBench() {}

  /**
   * Measures {@code op} on y[m, n] = x[m, k] w[n, k]^T (of which dgrad and wgrad are the gradients)
   * in {@code rounds} rounds, ours and the peer's by turns.
   *
   * @throws IllegalStateException when our result differs from the peer's
   */
  public static Rounds run(HostPool pool, Op op, Peer peer, int m, int n, int k, int rounds) {
    LibTorchPeer.start(pool.threads());
    // The product in the layout's own letters: c[rows, columns], summed over inner.
    int rows = op == Op.FP8_WGRAD ? n : m;
    int columns = op == Op.FP8_DGRAD || op == Op.FP8_WGRAD ? k : n;
    int inner = op == Op.FP8_DGRAD ? n : op == Op.FP8_WGRAD ? m : k;
    try (Arena arena = Arena.ofShared()) {
      Operands x = new Operands(arena, op, rows, columns, inner);
      MemorySegment found = arena.allocate(4L * rows * columns, 64);
      MemorySegment expected = arena.allocate(4L * rows * columns, 64);
      Runnable ours = ours(pool, arena, op, x, found, m, n, k);
      Runnable exact =
          LibTorchPeer.product(op.layout, x.left, x.right, expected, rows, columns, inner);
      exact.run();
      ours.run();
      check(op, found, expected, rows * (long) columns, op.isBf16() ? 2e-2 : TOLERANCE);
      Runnable theirs =
          peer == Peer.F32
              ? exact
              : LibTorchPeer.productBf16(op.layout, x.left, x.right, rows, columns, inner);
      return measure(ours, theirs, rounds);
    }
  }

  /** Random operands; for FP8 quantized ones, with the values they stand for beside them. */
  static final class Operands {
    final MemorySegment left;
    final MemorySegment right;
    MemorySegment leftCodes;
    MemorySegment rightCodes;
    MemorySegment leftScales;
    MemorySegment rightScales;

    Operands(Arena arena, Op op, int rows, int columns, int inner) {
      left = arena.allocate(4L * rows * inner, 64);
      right = arena.allocate(4L * inner * columns, 64);
      if (!op.isFp8()) {
        gaussian(1, left);
        gaussian(2, right);
        return;
      }
      boolean wgrad = op == Op.FP8_WGRAD;
      leftCodes = codes(arena, 3, (long) rows * inner);
      rightCodes = codes(arena, 4, (long) columns * inner);
      int groups = Math.ceilDiv(inner, GROUP);
      leftScales = scales(arena, 5, (long) rows * groups);
      rightScales =
          scales(arena, 6, (long) groups * (wgrad ? columns : Math.ceilDiv(columns, GROUP)));
      if (wgrad) {
        dequantize(leftCodes, leftScales, left, inner, rows, GROUP, 1);
        dequantize(rightCodes, rightScales, right, inner, columns, GROUP, 1);
      } else {
        dequantize(leftCodes, leftScales, left, rows, inner, 1, GROUP);
        boolean nt = op.layout == LibTorchPeer.Layout.NT;
        dequantize(
            rightCodes,
            rightScales,
            right,
            nt ? columns : inner,
            nt ? inner : columns,
            GROUP,
            GROUP);
      }
    }
  }

  private static void gaussian(long seed, MemorySegment to) {
    Random random = new Random(seed);
    for (long i = 0; i < to.byteSize() / 4; i++) {
      to.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
  }

  private static MemorySegment codes(Arena arena, long seed, long n) {
    MemorySegment to = arena.allocate(Math.max(1, n), 64);
    Random random = new Random(seed);
    for (long i = 0; i < n; i++) {
      to.set(ValueLayout.JAVA_BYTE, i, E4M3.encode((float) random.nextGaussian() * 100));
    }
    return to;
  }

  private static MemorySegment scales(Arena arena, long seed, long n) {
    MemorySegment to = arena.allocate(4 * Math.max(1, n), 64);
    Random random = new Random(seed);
    for (long i = 0; i < n; i++) {
      to.setAtIndex(ValueLayout.JAVA_FLOAT, i, (0.5f + random.nextFloat()) / 100);
    }
    return to;
  }

  private static void dequantize(
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment to,
      int rows,
      int columns,
      int tileRows,
      int tileColumns) {
    int across = Math.ceilDiv(columns, tileColumns);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        long at = (long) i * columns + j;
        float s =
            scales.getAtIndex(
                ValueLayout.JAVA_FLOAT, i / tileRows * (long) across + j / tileColumns);
        to.setAtIndex(
            ValueLayout.JAVA_FLOAT, at, E4M3.decode(codes.get(ValueLayout.JAVA_BYTE, at)) * s);
      }
    }
  }

  static Runnable ours(
      HostPool pool, Arena arena, Op op, Operands x, MemorySegment c, int m, int n, int k) {
    HostGemm.Operand f32 = HostGemm.Operand.F32;
    HostGemm.Operand bf16 = HostGemm.Operand.F32_AS_BF16;
    return switch (op) {
      case F32_NT -> () -> HostGemm.nt(pool, x.left, x.right, c, m, n, k, false, f32, f32);
      case F32_NN -> () -> HostGemm.nn(pool, x.left, x.right, c, m, n, k, false, f32, f32);
      case F32_TN -> () -> HostGemm.tn(pool, x.left, x.right, c, m, n, k, false, f32, f32);
      case BF16_NT -> () -> HostGemm.nt(pool, x.left, x.right, c, m, n, k, false, bf16, bf16);
      case FP8_FPROP ->
          () ->
              HostFp8Gemm.fprop(
                  pool, x.leftCodes, x.leftScales, x.rightCodes, x.rightScales, c, m, n, k);
      case FP8_DGRAD ->
          () ->
              HostFp8Gemm.dgrad(
                  pool, x.leftCodes, x.leftScales, x.rightCodes, x.rightScales, c, m, n, k);
      case FP8_WGRAD ->
          () ->
              HostFp8Gemm.wgrad(
                  pool, x.leftCodes, x.leftScales, x.rightCodes, x.rightScales, c, m, n, k, false);
      case F32_PACKED, BF16_PACKED -> {
        HostGemm.Operand type = op == Op.F32_PACKED ? f32 : bf16;
        HostPackedWeight w = HostPackedWeight.pack(pool, arena, x.right, n, k, type);
        yield () -> w.multiply(pool, x.left, type, c, m);
      }
      case FP8_PACKED -> {
        HostPackedWeight w =
            HostPackedWeight.packFp8(pool, arena, x.rightCodes, x.rightScales, n, k);
        yield () -> w.multiplyFp8(pool, x.leftCodes, x.leftScales, c, m);
      }
    };
  }

  private static void check(
      Op op, MemorySegment found, MemorySegment expected, long n, double tolerance) {
    double worst = 0;
    double largest = 0;
    for (long i = 0; i < n; i++) {
      double e = expected.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      double difference = Math.abs(found.getAtIndex(ValueLayout.JAVA_FLOAT, i) - e);
      worst = difference <= worst ? worst : difference; // lets NaN through
      largest = Math.max(largest, Math.abs(e));
    }
    if (!(worst <= tolerance * largest)) {
      throw new IllegalStateException(
          op + ": expected the peer's result within " + tolerance * largest + ", found " + worst);
    }
  }

  /** Times {@code ours} and {@code peer} by turns, after as many warm-up calls of both. */
  static Rounds measure(Runnable ours, Runnable peer, int rounds) {
    int calls = warmUp(List.of(ours, peer));
    long[] o = new long[rounds];
    long[] p = new long[rounds];
    for (int i = 0; i < rounds; i++) {
      o[i] = time(ours, calls);
      p[i] = time(peer, calls);
      LibTorchPeer.rest();
    }
    return new Rounds(o, p);
  }

  /** Returns the calls that fill a round of the slower side's, at least one. */
  private static int warmUp(List<Runnable> sides) {
    long begin = System.nanoTime();
    long last = 0;
    for (int i = 0; i < WARM_UP_CALLS || System.nanoTime() - begin < WARM_UP_NANOS; i++) {
      last = 0;
      for (Runnable side : sides) {
        long start = System.nanoTime();
        side.run();
        last = Math.max(last, System.nanoTime() - start);
      }
      if (System.nanoTime() - begin > 4 * WARM_UP_NANOS && i >= 5) {
        break;
      }
    }
    LibTorchPeer.rest();
    return (int) Math.clamp(ROUND_NANOS / Math.max(1, last), 1, 10_000);
  }

  private static long time(Runnable product, int calls) {
    product.run(); // wakes the threads
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      product.run();
    }
    return (System.nanoTime() - start) / calls;
  }
}
