package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.FP8;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/**
 * The warp-wide matrix product D = A B + C with the fragment layouts of {@code mma.sync} (PTX ISA,
 * "Matrix fragments for mma.m16n8k16" and "mma.m16n8k32").
 *
 * <p>Lane l holds, with g = l / 4 and t = l % 4: of D (16 x 8) rows g and g + 8, columns 2t and 2t
 * + 1; of A rows g and g + 8; of B column g. Along k an FP16 lane holds 2t, 2t + 1 and the same
 * plus 8, an 8-bit lane 4t to 4t + 3 and the same plus 16.
 *
 * <p>Products are exact and summed in FP64 with one rounding to FP32 at the end; hardware rounds
 * more often, so it may differ in the last bits.
 */
final class Mma {
  static final int M = 16;
  static final int N = 8;

  private Mma() {}

  /** Depth of the product. */
  static int depth(MMAShape shape) {
    return shape == MMAShape.M16N8K16 ? 16 : 32;
  }

  /** Row of element {@code i} of lane {@code lane}'s A fragment. */
  static int rowA(int k, int lane, int i) {
    int perRow = k / 8;
    return lane / 4 + (i / perRow % 2) * 8;
  }

  /** Column of element {@code i} of lane {@code lane}'s A fragment. */
  static int columnA(int k, int lane, int i) {
    int perRow = k / 8;
    return lane % 4 * perRow + i % perRow + i / (2 * perRow) * (k / 2);
  }

  /** Row of element {@code i} of lane {@code lane}'s B fragment. */
  static int rowB(int k, int lane, int i) {
    int perRow = k / 8;
    return lane % 4 * perRow + i % perRow + i / perRow * (k / 2);
  }

  /** Column of every element of lane {@code lane}'s B fragment. */
  static int columnB(int lane) {
    return lane / 4;
  }

  /** Row of element {@code i} of lane {@code lane}'s accumulator. */
  static int rowD(int lane, int i) {
    return lane / 4 + i / 2 * 8;
  }

  /** Column of element {@code i} of lane {@code lane}'s accumulator. */
  static int columnD(int lane, int i) {
    return lane % 4 * 2 + i % 2;
  }

  /** Fills {@code d} of all lanes from {@code a}, {@code b} and {@code c} of all lanes. */
  static void multiplyAccumulate(WarpOp.Kind kind, Object[] a, Object[] b, Object[] c, Object[] d) {
    int k = depth(kind.shape());
    double[] left = new double[M * k];
    double[] right = new double[k * N];
    for (int lane = 0; lane < Warp.LANES; lane++) {
      for (int i = 0; i < k / 2; i++) {
        left[rowA(k, lane, i) * k + columnA(k, lane, i)] = element(kind, a[lane], i);
      }
      for (int i = 0; i < k / 4; i++) {
        right[rowB(k, lane, i) * N + columnB(lane)] = element(kind, b[lane], i);
      }
    }
    double[] product = new double[M * N];
    for (int row = 0; row < M; row++) {
      for (int i = 0; i < k; i++) {
        double factor = left[row * k + i];
        for (int column = 0; column < N; column++) {
          product[row * N + column] += factor * right[i * N + column];
        }
      }
    }
    for (int lane = 0; lane < Warp.LANES; lane++) {
      for (int i = 0; i < 4; i++) {
        double sum = product[rowD(lane, i) * N + columnD(lane, i)];
        if (kind == WarpOp.Kind.MMA_INT8) {
          ((int[]) d[lane])[i] = (int) (long) sum + ((int[]) c[lane])[i];
        } else {
          ((float[]) d[lane])[i] = (float) (sum + ((float[]) c[lane])[i]);
        }
      }
    }
  }

  private static double element(WarpOp.Kind kind, Object fragment, int i) {
    return switch (kind) {
      case MMA_FP16 -> ((HalfFloat[]) fragment)[i].getFloat32();
      case MMA_BF16 -> BFloat16.bf16ToFloat(((HalfFloat[]) fragment)[i].getHalfFloatValue());
      case MMA_E4M3 -> FP8.e4m3ToFloat(((byte[]) fragment)[i]);
      case MMA_E5M2 -> FP8.e5m2ToFloat(((byte[]) fragment)[i]);
      case MMA_INT8 -> ((byte[]) fragment)[i];
      default -> throw new AssertionError(kind);
    };
  }
}
