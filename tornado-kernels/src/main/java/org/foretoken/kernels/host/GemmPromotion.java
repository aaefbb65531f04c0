package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.MR;
import static org.foretoken.kernels.host.GemmTiles.NR;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** What happens to the sums of a register tile when its run over the inner dimension ends. */
final class GemmPromotion {
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT.withOrder(LE);

  private static final long LANE_BYTES = (long) LANES * Float.BYTES;

  private GemmPromotion() {}

  /**
   * tile[i, j] = fma(sums[from + g, i, j], leftScales[l + g * stride + i] * rightScales[r + g * NR
   * + j], tile[i, j]) for g ascending in [0, groups).
   */
  static void scale(
      float[] sums,
      int from,
      int groups,
      float[] leftScales,
      int l,
      int stride,
      float[] rightScales,
      int r,
      int rows,
      float[] tile) {
    for (int i = 0; i < rows; i++) {
      int at = i * NR;
      FloatVector c0 = FloatVector.fromArray(F, tile, at);
      FloatVector c1 = FloatVector.fromArray(F, tile, at + LANES);
      for (int g = 0; g < groups; g++) {
        float s = leftScales[l + g * stride + i];
        FloatVector r0 = FloatVector.fromArray(F, rightScales, r + g * NR).mul(s);
        FloatVector r1 = FloatVector.fromArray(F, rightScales, r + g * NR + LANES).mul(s);
        c0 = FloatVector.fromArray(F, sums, from + at + g * MR * NR).fma(r0, c0);
        c1 = FloatVector.fromArray(F, sums, from + at + g * MR * NR + LANES).fma(r1, c1);
      }
      c0.intoArray(tile, at);
      c1.intoArray(tile, at + LANES);
    }
  }

  /**
   * c[i, j] = fma(sums[from + g, i, j], leftScales[l + g * stride + i] * rightScales[r + g * NR +
   * j], c[i, j]) for g ascending in [0, groups), from 0 or, with {@code add}, from what c holds:
   * whole slivers, which need no tile in between.
   */
  static void scaleInto(
      float[] sums,
      int from,
      int groups,
      float[] leftScales,
      int l,
      int stride,
      float[] rightScales,
      int r,
      int rows,
      MemorySegment c,
      long at,
      long cStride,
      boolean add) {
    for (int i = 0; i < rows; i++) {
      long row = at + i * cStride * Float.BYTES;
      long next = row + LANE_BYTES;
      FloatVector c0 = FloatVector.zero(F);
      FloatVector c1 = c0;
      if (add) {
        c0 = FloatVector.fromMemorySegment(F, c, row, LE);
        c1 = FloatVector.fromMemorySegment(F, c, next, LE);
      }
      for (int g = 0; g < groups; g++) {
        float s = leftScales[l + g * stride + i];
        int sum = from + (g * MR + i) * NR;
        FloatVector r0 = FloatVector.fromArray(F, rightScales, r + g * NR).mul(s);
        FloatVector r1 = FloatVector.fromArray(F, rightScales, r + g * NR + LANES).mul(s);
        c0 = FloatVector.fromArray(F, sums, sum).fma(r0, c0);
        c1 = FloatVector.fromArray(F, sums, sum + LANES).fma(r1, c1);
      }
      c0.intoMemorySegment(c, row, LE);
      c1.intoMemorySegment(c, next, LE);
    }
  }

  /** c[i, j] = tile[from + i, j]; {@code at} in bytes, {@code stride} in elements. */
  static void store(
      float[] tile, int from, int rows, int columns, MemorySegment c, long at, long stride) {
    for (int i = 0; i < rows; i++) {
      long row = at + i * stride * Float.BYTES;
      if (columns == NR) {
        FloatVector.fromArray(F, tile, from + i * NR).intoMemorySegment(c, row, LE);
        FloatVector.fromArray(F, tile, from + i * NR + LANES)
            .intoMemorySegment(c, row + LANE_BYTES, LE);
      } else {
        for (int j = 0; j < columns; j++) {
          c.set(F32, row + (long) j * Float.BYTES, tile[from + i * NR + j]);
        }
      }
    }
  }

  /** c[i, j] = c[i, j] + tile[from + i, j]. */
  static void add(
      float[] tile, int from, int rows, int columns, MemorySegment c, long at, long stride) {
    for (int i = 0; i < rows; i++) {
      long row = at + i * stride * Float.BYTES;
      if (columns == NR) {
        long next = row + LANE_BYTES;
        FloatVector.fromMemorySegment(F, c, row, LE)
            .add(FloatVector.fromArray(F, tile, from + i * NR))
            .intoMemorySegment(c, row, LE);
        FloatVector.fromMemorySegment(F, c, next, LE)
            .add(FloatVector.fromArray(F, tile, from + i * NR + LANES))
            .intoMemorySegment(c, next, LE);
      } else {
        for (int j = 0; j < columns; j++) {
          long element = row + (long) j * Float.BYTES;
          c.set(F32, element, c.get(F32, element) + tile[from + i * NR + j]);
        }
      }
    }
  }

  /** tile[i, j] = c[i, j]. */
  static void load(float[] tile, int rows, int columns, MemorySegment c, long at, long stride) {
    for (int i = 0; i < rows; i++) {
      long row = at + i * stride * Float.BYTES;
      if (columns == NR) {
        FloatVector.fromMemorySegment(F, c, row, LE).intoArray(tile, i * NR);
        FloatVector.fromMemorySegment(F, c, row + LANE_BYTES, LE).intoArray(tile, i * NR + LANES);
      } else {
        for (int j = 0; j < columns; j++) {
          tile[i * NR + j] = c.get(F32, row + (long) j * Float.BYTES);
        }
      }
    }
  }
}
