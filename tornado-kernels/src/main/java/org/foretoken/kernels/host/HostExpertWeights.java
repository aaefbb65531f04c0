package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Tile;

/**
 * Packed copies of the experts that a few rows are routed to, made when an expert is first needed:
 * one token's decoding packs and reads no others.
 */
final class HostExpertWeights {
  /** Most grouped rows of a product that is worth packed copies. */
  private static final int MOST_ROWS = 128;

  private final HostOperands x;
  private final int operand;
  private final HostWeights.Kind kind;
  private final long[] version;
  private final HostPackedWeight[] packed;
  private final int out;
  private final int in;

  private HostExpertWeights(HostOperands x, int operand, HostWeights.Kind kind) {
    this.x = x;
    this.operand = operand;
    this.kind = kind;
    version = x.weights().version(x.in(operand).name());
    packed = new HostPackedWeight[x.in(operand).rows()];
    out = x.in(operand).shape().dim(1);
    in = x.in(operand).shape().dim(2);
  }

  /** The experts of a stack of FP32 weights, or null where copies are not worth it. */
  static HostExpertWeights of(HostOperands x, int operand, int rows, Precision precision) {
    HostWeights.Kind kind =
        precision == Precision.BF16 ? HostWeights.Kind.BF16 : HostWeights.Kind.F32;
    return worthIt(x, operand, rows) ? new HostExpertWeights(x, operand, kind) : null;
  }

  /** The experts of a stack of E4M3 weights, or null where copies are not worth it. */
  static HostExpertWeights ofFp8(HostOperands x, int operand, int rows) {
    return worthIt(x, operand, rows)
        ? new HostExpertWeights(x, operand, HostWeights.Kind.FP8)
        : null;
  }

  private static boolean worthIt(HostOperands x, int operand, int rows) {
    return rows <= MOST_ROWS && HostWeights.packable(x, operand, 1);
  }

  /** Packs what is not, or no longer, packed of the experts with rows. */
  void prepare(HostSegments segments) {
    long size = (long) out * in * x.in(operand).dtype().bytes();
    long blocks = 4L * Math.ceilDiv(out, Tile.SIZE) * Math.ceilDiv(in, Tile.SIZE);
    for (int i = 0; i < segments.count; i++) {
      int e = segments.active[i];
      MemorySegment w = x.read(operand).asSlice(e * size, size);
      MemorySegment scales =
          kind == HostWeights.Kind.FP8 ? x.read(operand + 1).asSlice(e * blocks, blocks) : null;
      packed[e] = x.weights().packed(x.in(operand).name(), e, out, in, kind, version, w, scales);
    }
  }

  /** The copy of an expert that has been prepared. */
  HostPackedWeight of(int expert) {
    return packed[expert];
  }
}
