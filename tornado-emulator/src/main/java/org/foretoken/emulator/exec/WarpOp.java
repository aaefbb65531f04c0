package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.enums.MMAShape;

/** One operation that all lanes of a warp take part in, with what the lanes brought so far. */
final class WarpOp {
  /** What the lanes do together. */
  enum Kind {
    SUM("simdSum"),
    SHUFFLE_DOWN("simdShuffleDown"),
    BROADCAST("simdBroadcastFirst"),
    LOAD_A("mmaLoadA"),
    LOAD_B("mmaLoadB"),
    MMA_FP16("mma"),
    MMA_BF16("mmaBF16"),
    MMA_E4M3("mmaFP8E4M3"),
    MMA_E5M2("mmaFP8E5M2"),
    MMA_INT8("mmaInt8");

    final String method;

    Kind(String method) {
      this.method = method;
    }

    MMAShape shape() {
      return switch (this) {
        case MMA_FP16, MMA_BF16 -> MMAShape.M16N8K16;
        default -> MMAShape.M16N8K32;
      };
    }
  }

  final Kind kind;
  private final float[] values = new float[Warp.LANES];
  private final int[] deltas = new int[Warp.LANES];
  private final Object[] a = new Object[Warp.LANES];
  private final Object[] b = new Object[Warp.LANES];
  private final Object[] c = new Object[Warp.LANES];
  private final Object[] d = new Object[Warp.LANES];
  private int arrived;
  private boolean complete;

  WarpOp(Kind kind) {
    this.kind = kind;
  }

  /** A lane brings a value; the last one completes the operation. */
  void bring(int lane, int lanes, float value, int delta) {
    values[lane] = value;
    deltas[lane] = delta;
    arrive(lanes);
  }

  /** A lane brings its fragments; {@code result} is filled when the last lane has come. */
  void bring(int lane, int lanes, Object fragA, Object fragB, Object fragC, Object result) {
    a[lane] = fragA;
    b[lane] = fragB;
    c[lane] = fragC;
    d[lane] = result;
    arrive(lanes);
  }

  boolean complete() {
    return complete;
  }

  /** This lane's part of the outcome. */
  float result(int lane) {
    return switch (kind) {
      case SUM -> values[lane];
      case BROADCAST -> values[0];
      case SHUFFLE_DOWN -> {
        int source = lane + deltas[lane];
        yield source < Warp.LANES ? values[source] : values[lane];
      }
      default -> throw new AssertionError(kind);
    };
  }

  /** What {@code lane} brought beside its value. */
  int delta(int lane) {
    return deltas[lane];
  }

  private void arrive(int lanes) {
    if (++arrived < lanes) {
      return;
    }
    complete = true;
    switch (kind) {
      case SUM -> sumByHalves();
      case SHUFFLE_DOWN, BROADCAST, LOAD_A, LOAD_B -> {}
      default -> Mma.multiplyAccumulate(kind, a, b, c, d);
    }
  }

  /** Five exchanges with the lane 16, 8, 4, 2 and 1 away, the order of the CUDA backend. */
  private void sumByHalves() {
    float[] partner = new float[Warp.LANES];
    for (int distance = Warp.LANES / 2; distance > 0; distance /= 2) {
      for (int lane = 0; lane < Warp.LANES; lane++) {
        partner[lane] = values[lane ^ distance];
      }
      for (int lane = 0; lane < Warp.LANES; lane++) {
        values[lane] += partner[lane];
      }
    }
  }
}
