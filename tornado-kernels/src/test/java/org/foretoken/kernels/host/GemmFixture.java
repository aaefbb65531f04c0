package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;

/** Matrices, slow products and comparisons that the GEMM tests share. */
final class GemmFixture {
  private GemmFixture() {}

  static MemorySegment bytes(byte[] values) {
    MemorySegment s = Arena.ofAuto().allocate(Math.max(1, values.length), 64);
    MemorySegment.copy(values, 0, s, ValueLayout.JAVA_BYTE, 0, values.length);
    return s;
  }

  static MemorySegment floats(float[] values) {
    MemorySegment s = Arena.ofAuto().allocate(Math.max(1L, 4L * values.length), 64);
    MemorySegment.copy(values, 0, s, ValueLayout.JAVA_FLOAT, 0, values.length);
    return s;
  }

  static MemorySegment bf16(float[] values) {
    MemorySegment s = Arena.ofAuto().allocate(Math.max(1L, 2L * values.length), 64);
    for (int i = 0; i < values.length; i++) {
      s.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.encode(values[i]));
    }
    return s;
  }

  static float[] toArray(MemorySegment s, int n) {
    float[] values = new float[n];
    MemorySegment.copy(s, ValueLayout.JAVA_FLOAT, 0, values, 0, n);
    return values;
  }

  static float[] gaussian(long seed, int n) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** Values around 2^-6, as scales of unit-variance data are. */
  static float[] scales(long seed, int n) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (0.5f + random.nextFloat()) * 0x1p-6f;
    }
    return x;
  }

  /** FP8 codes of all finite values, subnormals and zeros of both signs among them. */
  static byte[] codes(long seed, int n, HostFp8Gemm.Format format) {
    Random random = new Random(seed);
    byte[] x = new byte[n];
    for (int i = 0; i < n; i++) {
      do {
        x[i] = (byte) random.nextInt(256);
      } while (!Float.isFinite(decode(x[i], format)));
    }
    return x;
  }

  static float decode(byte code, HostFp8Gemm.Format format) {
    return format == HostFp8Gemm.Format.E4M3 ? E4M3.decode(code) : E5M2.decode(code);
  }

  static float[] decode(byte[] codes, HostFp8Gemm.Format format) {
    float[] x = new float[codes.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = decode(codes[i], format);
    }
    return x;
  }

  static float[] transpose(float[] x, int rows, int columns) {
    float[] t = new float[x.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        t[j * rows + i] = x[i * columns + j];
      }
    }
    return t;
  }

  /**
   * The documented result, an element at a time: partial sums of 512 fused multiply-adds each.
   *
   * @param a [m, k]
   * @param b [n, k]
   * @param c what c holds, or null for a product that overwrites it
   */
  static float[] exact(float[] a, float[] b, float[] c, int m, int n, int k) {
    float[] result = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float sum = c == null ? 0 : c[i * n + j];
        for (int p = 0; p < k; p += 512) {
          float part = 0;
          for (int q = p; q < Math.min(k, p + 512); q++) {
            part = Math.fma(a[i * k + q], b[j * k + q], part);
          }
          sum = c == null && p == 0 ? part : sum + part;
        }
        result[i * n + j] = sum;
      }
    }
    return result;
  }

  /** A scale for element (row, p) of an operand [rows, k]. */
  @FunctionalInterface
  interface Scale {
    float at(int row, int p);
  }

  /** The documented FP8 result: 128 fused multiply-adds, then c = fma(sum, scale, c). */
  static float[] exactScaled(
      float[] a, Scale as, float[] b, Scale bs, float[] c, int m, int n, int k) {
    float[] result = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float sum = c == null ? 0 : c[i * n + j];
        for (int p = 0; p < k; p += 128) {
          float part = 0;
          for (int q = p; q < Math.min(k, p + 128); q++) {
            part = Math.fma(a[i * k + q], b[j * k + q], part);
          }
          sum = Math.fma(part, as.at(i, p) * bs.at(j, p), sum);
        }
        result[i * n + j] = sum;
      }
    }
    return result;
  }

  /** The product in double precision of a [m, k] and b [n, k], added to c. */
  static double[] wide(double[] a, double[] b, float[] c, int m, int n, int k) {
    double[] result = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = c == null ? 0 : c[i * n + j];
        for (int p = 0; p < k; p++) {
          sum += a[i * k + p] * b[j * k + p];
        }
        result[i * n + j] = sum;
      }
    }
    return result;
  }

  static double[] widen(float[] x) {
    double[] d = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      d[i] = x[i];
    }
    return d;
  }

  /** Same bits everywhere, the first difference named. */
  static void assertSameBits(String what, float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      if (Float.floatToIntBits(found[i]) != Float.floatToIntBits(expected[i])) {
        throw new AssertionError(
            what + ": element " + i + ": expected " + expected[i] + ", found " + found[i]);
      }
    }
  }

  /**
   * Close to a product in double precision, as a whole, 1 - 2 sum(xy) / (sum(xx) + sum(yy)), and
   * element by element relative to the largest.
   */
  static void assertClose(String what, float[] found, double[] expected) {
    double xy = 0;
    double squares = 0;
    double largest = 0;
    double worst = 0;
    for (int i = 0; i < found.length; i++) {
      xy += found[i] * expected[i];
      squares += (double) found[i] * found[i] + expected[i] * expected[i];
      largest = Math.max(largest, Math.abs(expected[i]));
      worst = Math.max(worst, Math.abs(found[i] - expected[i]));
    }
    assertThat(1 - 2 * xy / squares).as(what).isLessThan(1e-10);
    assertThat(worst / largest).as(what).isLessThan(1e-5);
  }
}
