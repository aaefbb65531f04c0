package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.GROUP;
import static org.foretoken.kernels.host.GemmTiles.KC;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.LEFT_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.MR;
import static org.foretoken.kernels.host.GemmTiles.NR;

/** Buffers of one thread, allocated once: its register tiles spilled, and its packed panels. */
final class GemmScratch {
  /** Columns of the inner dimension that are transposed at a time, and the row stride for it. */
  static final int BLOCK = KC;

  static final int BLOCK_STRIDE = BLOCK + 16;

  /** Rows or columns of a left panel that one packing step handles. */
  static final int STEP = 64;

  private static final ThreadLocal<GemmScratch> LOCAL = ThreadLocal.withInitial(GemmScratch::new);

  private static final float[] EMPTY = {};

  /** Sums of one register tile over each scale group of a panel, [KC / GROUP][MR][NR]. */
  final float[] sums = new float[KC / GROUP * MR * NR];

  /** Promoted sums of one register tile, [MR][NR]. */
  final float[] tile = new float[MR * NR];

  /** Rows waiting to be transposed, [LANES][BLOCK_STRIDE]. */
  final float[] rows = new float[LANES * BLOCK_STRIDE];

  /** A block in the middle of its transposition, [LANES][LANES]. */
  final float[] block = new float[LANES * LANES];

  /** A block of FP8 codes, four in each float, [LANES][LANES]. */
  final float[] quads = new float[LANES * LANES];

  /** One sliver of a right panel, [KC][NR]. */
  final float[] sliver = new float[KC * NR];

  /** Scales of a sliver, [KC / GROUP][NR]. */
  final float[] sliverScales = new float[KC / GROUP * NR];

  private float[] left = EMPTY;
  private float[] right = EMPTY;
  private float[] leftScales = EMPTY;
  private float[] rightScales = EMPTY;

  private GemmScratch() {}

  static GemmScratch get() {
    return LOCAL.get();
  }

  /** Room for a left panel, [rows rounded up to 64][LEFT_STRIDE]. */
  float[] left(int rows) {
    int size = Math.multiplyExact(roundUp(rows, STEP) + MR, LEFT_STRIDE);
    left = left.length < size ? new float[size] : left;
    return left;
  }

  /** Room for a right panel, [columns / NR][KC][NR]. */
  float[] right(int columns) {
    int size = Math.multiplyExact(roundUp(columns, NR), KC);
    right = right.length < size ? new float[size] : right;
    return right;
  }

  /** Room for the scales of a left panel, [KC / GROUP][rows]. */
  float[] leftScales(int rows) {
    leftScales =
        leftScales.length < rows * (KC / GROUP) ? new float[rows * (KC / GROUP)] : leftScales;
    return leftScales;
  }

  /** Room for the scales of a right panel, [KC / GROUP][columns]. */
  float[] rightScales(int columns) {
    int size = columns * (KC / GROUP);
    rightScales = rightScales.length < size ? new float[size] : rightScales;
    return rightScales;
  }

  static int roundUp(int x, int multiple) {
    return Math.ceilDiv(x, multiple) * multiple;
  }
}
