package org.foretoken.kernels.host;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.foretoken.kernels.host.GemmTiles.B;
import static org.foretoken.kernels.host.GemmTiles.BYTE_PARTS;
import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.I;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.S;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;

/**
 * Reads consecutive elements of a matrix into floats: dst[d + i] = decode(src[i]), i in [0, n).
 *
 * <p>FP8 codes are shifted so that their exponent and mantissa fields fall on those of a float, and
 * multiplied by the power of two between the two exponent biases, which makes subnormals come out
 * right. Codes of NaN and infinity do not: their presence is found on the way, and sends the row
 * through the scalar codec.
 */
final class GemmRows {
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT.withOrder(LE);
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT.withOrder(LE);

  private static final int BYTE_STEP = B.length();

  private GemmRows() {}

  /** FP32 as it is; {@code at} is a byte offset, a multiple of 4. */
  static void f32(MemorySegment src, long at, float[] dst, int d, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromMemorySegment(F, src, at + 4L * i, LE).intoArray(dst, d + i);
    }
    for (; i < n; i++) {
      dst[d + i] = src.get(F32, at + 4L * i);
    }
  }

  /** FP32 rounded to bfloat16, nearest even; NaN stays NaN. */
  static void f32AsBf16(MemorySegment src, long at, float[] dst, int d, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, src, at + 4L * i, LE);
      IntVector bits = x.reinterpretAsInts();
      IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
      IntVector rounded = bits.add(odd).add(0x7fff).and(0xffff0000);
      IntVector quiet = bits.and(0xffff0000).or(0x00400000);
      rounded
          .blend(quiet, x.test(VectorOperators.IS_NAN).cast(I))
          .reinterpretAsFloats()
          .intoArray(dst, d + i);
    }
    for (; i < n; i++) {
      dst[d + i] = Bf16.round(src.get(F32, at + 4L * i));
    }
  }

  /** Stored bfloat16; {@code at} is a byte offset, a multiple of 2. */
  static void bf16(MemorySegment src, long at, float[] dst, int d, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      ShortVector x = ShortVector.fromMemorySegment(S, src, at + 2L * i, LE);
      IntVector bits = (IntVector) x.castShape(I, 0);
      bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(dst, d + i);
    }
    for (; i < n; i++) {
      dst[d + i] = Bf16.decode(src.get(I16, at + 2L * i));
    }
  }

  /** E4M3 codes. */
  static void e4m3(MemorySegment src, long at, float[] dst, int d, int n) {
    ByteVector largest = ByteVector.zero(B);
    int i = 0;
    for (; i <= n - BYTE_STEP; i += BYTE_STEP) {
      ByteVector codes = ByteVector.fromMemorySegment(B, src, at + i, LE);
      largest = largest.max(codes.and((byte) 0x7f));
      for (int part = 0; part < BYTE_PARTS; part++) {
        IntVector bits = (IntVector) codes.castShape(I, part);
        bits.lanewise(VectorOperators.LSHL, 20)
            .and(0x87f00000)
            .reinterpretAsFloats()
            .mul(0x1p120f)
            .intoArray(dst, d + i + part * LANES);
      }
    }
    if (largest.reduceLanes(VectorOperators.MAX) == 0x7f) {
      i = 0;
    }
    for (; i < n; i++) {
      dst[d + i] = E4M3.decode(src.get(JAVA_BYTE, at + i));
    }
  }

  /** E5M2 codes. */
  static void e5m2(MemorySegment src, long at, float[] dst, int d, int n) {
    ByteVector largest = ByteVector.zero(B);
    int i = 0;
    for (; i <= n - BYTE_STEP; i += BYTE_STEP) {
      ByteVector codes = ByteVector.fromMemorySegment(B, src, at + i, LE);
      largest = largest.max(codes.and((byte) 0x7f));
      for (int part = 0; part < BYTE_PARTS; part++) {
        IntVector bits = (IntVector) codes.castShape(I, part);
        bits.lanewise(VectorOperators.LSHL, 21)
            .and(0x8fe00000)
            .reinterpretAsFloats()
            .mul(0x1p112f)
            .intoArray(dst, d + i + part * LANES);
      }
    }
    if (largest.reduceLanes(VectorOperators.MAX) >= 0x7c) {
      i = 0;
    }
    for (; i < n; i++) {
      dst[d + i] = E5M2.decode(src.get(JAVA_BYTE, at + i));
    }
  }
}
