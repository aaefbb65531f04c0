package org.foretoken.kernels.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What one thread needs while it works on a unit of a quantizer; kept from call to call. */
final class HostQuantizeScratch {
  /** Floats that are worked on at a time: with their codes they stay in the first-level cache. */
  static final int PIECE = 2048;

  private static final ThreadLocal<HostQuantizeScratch> SCRATCH =
      ThreadLocal.withInitial(HostQuantizeScratch::new);

  /** Largest magnitudes of groups or columns, as bits. */
  final int[] amax = new int[PIECE];

  /** {@link #amax} without NaN. */
  final int[] numbers = new int[PIECE];

  final float[] scales = new float[PIECE];

  /** Scales with their sign turned, as the correction of the quotient wants them. */
  final float[] minusScales = new float[PIECE];

  final float[] reciprocals = new float[PIECE];

  private final MemorySegment piece = Arena.ofAuto().allocate(8L * PIECE, 64);

  private final MemorySegment lanes = Arena.ofAuto().allocate(2L * HostQuantizeStream.BATCH, 64);

  private HostQuantizeScratch() {}

  static HostQuantizeScratch get() {
    return SCRATCH.get();
  }

  /** Address of {@link #PIECE} floats. */
  long piece() {
    return piece.address();
  }

  /** Address of a vector of largest magnitudes for each pair of vectors of a stream's batch. */
  long lanes() {
    return lanes.address();
  }

  /** Address of {@link #PIECE} scales. */
  long scales() {
    return piece.address() + 4L * PIECE;
  }
}
