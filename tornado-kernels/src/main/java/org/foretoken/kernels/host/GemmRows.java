package org.foretoken.kernels.host;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.foretoken.kernels.host.GemmTiles.B;
import static org.foretoken.kernels.host.GemmTiles.BYTE_PARTS;
import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.I;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.NR;
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
 * Reads consecutive elements of a matrix into floats, NR at a time: dst[d + s * jump + j] =
 * decode(src[s * NR + j]), j in [0, NR). With jump = NR the floats are consecutive too; with the
 * distance between slivers, a row is dealt out to them.
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

  private GemmRows() {}

  /** FP32 as it is; {@code at} is a byte offset, a multiple of 4. */
  static void f32(MemorySegment src, long at, float[] dst, int d, int jump, int n) {
    int i = 0;
    for (; i <= n - NR; i += NR, d += jump) {
      FloatVector.fromMemorySegment(F, src, at + 4L * i, LE).intoArray(dst, d);
      FloatVector.fromMemorySegment(F, src, at + 4L * (i + LANES), LE).intoArray(dst, d + LANES);
    }
    for (; i < n; i++, d++) {
      dst[d] = src.get(F32, at + 4L * i);
    }
  }

  /** Four bytes a float, at any byte offset; {@code n} is a multiple of LANES. */
  static void bits(MemorySegment src, long at, float[] dst, int d, int n) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector.fromMemorySegment(F, src, at + 4L * i, LE).intoArray(dst, d + i);
    }
  }

  /** FP32 rounded to bfloat16, nearest even; NaN stays NaN. */
  static void f32AsBf16(MemorySegment src, long at, float[] dst, int d, int jump, int n) {
    int i = 0;
    for (; i <= n - NR; i += NR, d += jump) {
      round(FloatVector.fromMemorySegment(F, src, at + 4L * i, LE)).intoArray(dst, d);
      round(FloatVector.fromMemorySegment(F, src, at + 4L * (i + LANES), LE))
          .intoArray(dst, d + LANES);
    }
    for (; i < n; i++, d++) {
      dst[d] = Bf16.round(src.get(F32, at + 4L * i));
    }
  }

  /** Each lane rounded to bfloat16, nearest even; NaN stays NaN. */
  static FloatVector round(FloatVector x) {
    IntVector bits = x.reinterpretAsInts();
    IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
    IntVector rounded = bits.add(odd).add(0x7fff);
    IntVector quiet = bits.or(0x00400000);
    return rounded
        .blend(quiet, x.test(VectorOperators.IS_NAN).cast(I))
        .and(0xffff0000)
        .reinterpretAsFloats();
  }

  /** Stored bfloat16; {@code at} is a byte offset, a multiple of 2. */
  static void bf16(MemorySegment src, long at, float[] dst, int d, int jump, int n) {
    int i = 0;
    for (; i <= n - NR; i += NR, d += jump) {
      widen(ShortVector.fromMemorySegment(S, src, at + 2L * i, LE)).intoArray(dst, d);
      widen(ShortVector.fromMemorySegment(S, src, at + 2L * (i + LANES), LE))
          .intoArray(dst, d + LANES);
    }
    for (; i < n; i++, d++) {
      dst[d] = Bf16.decode(src.get(I16, at + 2L * i));
    }
  }

  private static FloatVector widen(ShortVector x) {
    IntVector bits = (IntVector) x.castShape(I, 0);
    return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** E4M3 codes. */
  static void e4m3(MemorySegment src, long at, float[] dst, int d, int jump, int n) {
    int begin = d;
    ByteVector largest = ByteVector.zero(B);
    int i = 0;
    for (; i <= n - NR; i += NR, d += jump) {
      ByteVector low = ByteVector.fromMemorySegment(B, src, at + i, LE);
      ByteVector high = ByteVector.fromMemorySegment(B, src, at + i + NR - B.length(), LE);
      largest = largest.max(low.and((byte) 0x7f)).max(high.and((byte) 0x7f));
      shift((IntVector) low.castShape(I, 0), 20, 0x87f00000, 0x1p120f).intoArray(dst, d);
      shift((IntVector) high.castShape(I, BYTE_PARTS - 1), 20, 0x87f00000, 0x1p120f)
          .intoArray(dst, d + LANES);
    }
    if (largest.reduceLanes(VectorOperators.MAX) == 0x7f) {
      d = begin;
      for (i = 0; i <= n - NR; i += NR, d += jump) {
        for (int j = 0; j < NR; j++) {
          dst[d + j] = E4M3.decode(src.get(JAVA_BYTE, at + i + j));
        }
      }
    }
    for (; i < n; i++, d++) {
      dst[d] = E4M3.decode(src.get(JAVA_BYTE, at + i));
    }
  }

  /** E5M2 codes. */
  static void e5m2(MemorySegment src, long at, float[] dst, int d, int jump, int n) {
    int begin = d;
    ByteVector largest = ByteVector.zero(B);
    int i = 0;
    for (; i <= n - NR; i += NR, d += jump) {
      ByteVector low = ByteVector.fromMemorySegment(B, src, at + i, LE);
      ByteVector high = ByteVector.fromMemorySegment(B, src, at + i + NR - B.length(), LE);
      largest = largest.max(low.and((byte) 0x7f)).max(high.and((byte) 0x7f));
      shift((IntVector) low.castShape(I, 0), 21, 0x8fe00000, 0x1p112f).intoArray(dst, d);
      shift((IntVector) high.castShape(I, BYTE_PARTS - 1), 21, 0x8fe00000, 0x1p112f)
          .intoArray(dst, d + LANES);
    }
    if (largest.reduceLanes(VectorOperators.MAX) >= 0x7c) {
      d = begin;
      for (i = 0; i <= n - NR; i += NR, d += jump) {
        for (int j = 0; j < NR; j++) {
          dst[d + j] = E5M2.decode(src.get(JAVA_BYTE, at + i + j));
        }
      }
    }
    for (; i < n; i++, d++) {
      dst[d] = E5M2.decode(src.get(JAVA_BYTE, at + i));
    }
  }

  // Sign-extended codes: the sign is in the top bit after any shift below 24.
  private static FloatVector shift(IntVector codes, int by, int mask, float bias) {
    return codes.lanewise(VectorOperators.LSHL, by).and(mask).reinterpretAsFloats().mul(bias);
  }
}
