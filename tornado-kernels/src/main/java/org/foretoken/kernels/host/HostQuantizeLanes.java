package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector loops of the quantizers, over raw addresses.
 *
 * <p>Addresses, and one segment that spans everything, because a loop that sees native, mapped and
 * heap segments in turn loses its inlining; whoever calls has checked sizes and lifetimes.
 *
 * <p>The quotient x / s is needed correctly rounded, and a vector division costs as much as the
 * rest. With r = 1 / s rounded, q = x * r and one correction q + (x - q * s) * r give the same code
 * as the true quotient for every pair (x, s) of a group in the range that {@link #isPlain} accepts;
 * the tests compare all 2^23 significands of s at every tie of the format.
 */
final class HostQuantizeLanes {
  /** All of memory. */
  @SuppressWarnings("restricted")
  static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

  /** Floats in a vector. */
  static final int LANES = FLOATS.length();

  static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));
  static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  private static final int MAGNITUDE = 0x7fff_ffff;
  static final int INFINITY = 0x7f80_0000;

  /** Bits of 2^-60: below, the reciprocal's correction may meet underflow. */
  private static final int SMALLEST_PLAIN = 127 - 60 << 23;

  private HostQuantizeLanes() {}

  /**
   * Whether the vector encoder is exact for a group whose largest magnitude has the bits {@code
   * amax}: all finite, and zeros only or not too small.
   */
  static boolean isPlain(int amax) {
    return amax < INFINITY && (amax >= SMALLEST_PLAIN || amax == 0);
  }

  /**
   * Whether the vector encoder is exact for any finite values under {@code scale}: quotients that
   * come out inexact are then far below the smallest code.
   */
  static boolean isPlainScale(float scale) {
    return scale >= 0x1p-75f && scale <= 0x1p120f;
  }

  /** Bits of the largest magnitude of {@code n} floats; above infinity's if one is NaN. */
  static int amax(long x, int n) {
    int whole = n - n % LANES;
    IntVector largest = IntVector.zero(INTS);
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, x + 4L * i, LITTLE);
      largest = largest.max(bits.and(MAGNITUDE));
    }
    int amax = largest.reduceLanes(VectorOperators.MAX);
    for (int i = whole; i < n; i++) {
      amax = Math.max(amax, getInt(x + 4L * i) & MAGNITUDE);
    }
    return amax;
  }

  /**
   * amax[i] = max(amax[i], |x[r, i]|) as bits, for {@code n} columns of {@code rows} rows that
   * follow each other.
   */
  static void amaxColumns(long x, int rows, int n, int[] amax) {
    if (rows == 1) { // a loop over rows that turns once costs more than what is in it
      amaxColumns(x, n, amax);
      return;
    }
    int whole = n - n % LANES;
    IntVector magnitude = IntVector.broadcast(INTS, MAGNITUDE);
    for (int i = 0; i < whole; i += LANES) {
      IntVector largest = IntVector.fromArray(INTS, amax, i);
      for (int r = 0; r < rows; r++) {
        long at = x + 4L * (r * n + i);
        largest = largest.max(IntVector.fromMemorySegment(INTS, MEMORY, at, LITTLE).and(magnitude));
      }
      largest.intoArray(amax, i);
    }
    for (int i = whole; i < n; i++) {
      for (int r = 0; r < rows; r++) {
        amax[i] = Math.max(amax[i], getInt(x + 4L * (r * n + i)) & MAGNITUDE);
      }
    }
  }

  /** amax[i] = max(amax[i], |x[i]|) as bits, for {@code n} columns of one row. */
  private static void amaxColumns(long x, int n, int[] amax) {
    int whole = n - n % LANES;
    IntVector magnitude = IntVector.broadcast(INTS, MAGNITUDE);
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, x + 4L * i, LITTLE);
      IntVector.fromArray(INTS, amax, i).max(bits.and(magnitude)).intoArray(amax, i);
    }
    for (int i = whole; i < n; i++) {
      amax[i] = Math.max(amax[i], getInt(x + 4L * i) & MAGNITUDE);
    }
  }

  /** Codes of {@code n} floats of a plain group with one scale, none of which saturates. */
  static void encode(
      long x, long codes, int n, float minus, float reverse, HostQuantizeFormat format) {
    FloatVector minusScale = FloatVector.broadcast(FLOATS, minus);
    FloatVector reciprocal = FloatVector.broadcast(FLOATS, reverse);
    IntVector magnitudes = IntVector.broadcast(INTS, MAGNITUDE);
    IntVector exponents = IntVector.broadcast(INTS, INFINITY);
    IntVector minNormal = IntVector.broadcast(INTS, format.minNormalBits);
    IntVector magic = IntVector.broadcast(INTS, format.magicBits);
    IntVector signs = IntVector.broadcast(INTS, 0x80);
    int fieldShift = format.fieldShift;
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, x + 4L * i, LITTLE);
      FloatVector magnitude = bits.and(magnitudes).reinterpretAsFloats();
      FloatVector product = magnitude.mul(reciprocal);
      FloatVector quotient = product.fma(minusScale, magnitude).fma(reciprocal, product);
      IntVector binade = quotient.reinterpretAsInts().and(exponents).max(minNormal);
      IntVector rounded = quotient.add(binade.add(magic).reinterpretAsFloats()).reinterpretAsInts();
      IntVector code =
          rounded
              .add(binade.lanewise(VectorOperators.LSHR, fieldShift))
              .or(bits.lanewise(VectorOperators.LSHR, 24).and(signs));
      storeBytes(code, codes + i);
    }
    for (int i = whole; i < n; i++) {
      putByte(codes + i, format.encode(getFloat(x + 4L * i) / -minus));
    }
  }

  /** {@link #encode} where a code takes two bytes. */
  static void encodeWide(
      long x, long codes, int n, float minus, float reverse, HostQuantizeFormat format) {
    FloatVector minusScale = FloatVector.broadcast(FLOATS, minus);
    FloatVector reciprocal = FloatVector.broadcast(FLOATS, reverse);
    IntVector magic = IntVector.broadcast(INTS, format.magicBits);
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, x + 4L * i, LITTLE);
      FloatVector magnitude = bits.and(MAGNITUDE).reinterpretAsFloats();
      FloatVector product = magnitude.mul(reciprocal);
      FloatVector quotient = product.fma(minusScale, magnitude).fma(reciprocal, product);
      IntVector binade = quotient.reinterpretAsInts().and(INFINITY).max(format.minNormalBits);
      IntVector rounded = quotient.add(binade.add(magic).reinterpretAsFloats()).reinterpretAsInts();
      IntVector code =
          rounded
              .add(binade.lanewise(VectorOperators.LSHR, format.fieldShift))
              .and(format.signBit - 1)
              .or(bits.lanewise(VectorOperators.LSHR, format.signShift).and(format.signBit));
      storeShorts(code, codes + 2L * i);
    }
    for (int i = whole; i < n; i++) {
      putShort(codes + 2L * i, format.encode(getFloat(x + 4L * i) / -minus));
    }
  }

  /**
   * Codes of {@code n} plain columns, each with its own scale and reciprocal, in {@code rows} rows
   * that follow each other.
   */
  static void encodeColumns(
      long x,
      long codes,
      int rows,
      int n,
      float[] minusScales,
      float[] reciprocals,
      HostQuantizeFormat format) {
    IntVector magnitudes = IntVector.broadcast(INTS, MAGNITUDE);
    IntVector exponents = IntVector.broadcast(INTS, INFINITY);
    IntVector minNormal = IntVector.broadcast(INTS, format.minNormalBits);
    IntVector magic = IntVector.broadcast(INTS, format.magicBits);
    IntVector signs = IntVector.broadcast(INTS, 0x80);
    int fieldShift = format.fieldShift;
    int whole = n - n % LANES;
    for (int r = 0; r < rows; r++) {
      long from = x + 4L * r * n;
      long to = codes + (long) r * n;
      for (int i = 0; i < whole; i += LANES) {
        FloatVector reciprocal = FloatVector.fromArray(FLOATS, reciprocals, i);
        IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, from + 4L * i, LITTLE);
        FloatVector magnitude = bits.and(magnitudes).reinterpretAsFloats();
        FloatVector product = magnitude.mul(reciprocal);
        FloatVector minusScale = FloatVector.fromArray(FLOATS, minusScales, i);
        FloatVector quotient = product.fma(minusScale, magnitude).fma(reciprocal, product);
        IntVector binade = quotient.reinterpretAsInts().and(exponents).max(minNormal);
        IntVector rounded =
            quotient.add(binade.add(magic).reinterpretAsFloats()).reinterpretAsInts();
        IntVector code =
            rounded
                .add(binade.lanewise(VectorOperators.LSHR, fieldShift))
                .or(bits.lanewise(VectorOperators.LSHR, 24).and(signs));
        storeBytes(code, to + i);
      }
      for (int i = whole; i < n; i++) {
        putByte(to + i, format.encode(getFloat(from + 4L * i) / -minusScales[i]));
      }
    }
  }

  /** {@code n} finite floats with magnitudes cut to {@code limit}; they may stay in their place. */
  static void clamp(long x, long clamped, int n, float limit) {
    int most = Float.floatToRawIntBits(limit);
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, x + 4L * i, LITTLE);
      bits.and(MAGNITUDE)
          .min(most)
          .or(bits.and(~MAGNITUDE))
          .intoMemorySegment(MEMORY, clamped + 4L * i, LITTLE);
    }
    for (int i = whole; i < n; i++) {
      int bits = getInt(x + 4L * i);
      putInt(clamped + 4L * i, Math.min(bits & MAGNITUDE, most) | bits & ~MAGNITUDE);
    }
  }

  /** {@code n} values of BF16 as FP32. */
  static void widen(long bf16, long floats, int n) {
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES) {
      loadShorts(bf16 + 2L * i)
          .lanewise(VectorOperators.LSHL, 16)
          .intoMemorySegment(MEMORY, floats + 4L * i, LITTLE);
    }
    for (int i = whole; i < n; i++) {
      putInt(floats + 4L * i, getShort(bf16 + 2L * i) << 16);
    }
  }

  /** Codes of {@code n} floats of any group, one after another: NaN, saturation, tiny scales. */
  static void encodeScalar(long x, long codes, int n, float scale, HostQuantizeFormat format) {
    for (int i = 0; i < n; i++) {
      int code = format.encode(getFloat(x + 4L * i) / scale);
      if (format.bytes == 1) {
        putByte(codes + i, code);
      } else {
        putShort(codes + 2L * i, code);
      }
    }
  }

  /** Bits of the largest magnitude of {@code n} floats that is not NaN. */
  static int amaxOfNumbers(long x, int n, int amax) {
    int largest = amax;
    for (int i = 0; i < n; i++) {
      int magnitude = getInt(x + 4L * i) & MAGNITUDE;
      if (magnitude <= INFINITY) {
        largest = Math.max(largest, magnitude);
      }
    }
    return largest;
  }

  private static void storeBytes(IntVector codes, long address) {
    ByteVector bytes = (ByteVector) codes.castShape(BYTES, 0);
    if (LANES >= 8) {
      bytes.intoMemorySegment(MEMORY, address, LITTLE);
    } else { // no species is as narrow as four bytes
      putInt(address, bytes.reinterpretAsInts().lane(0));
    }
  }

  static void storeShorts(IntVector codes, long address) {
    ((ShortVector) codes.castShape(SHORTS, 0)).intoMemorySegment(MEMORY, address, LITTLE);
  }

  /** As many bytes as a vector has lanes, sign extended. */
  static IntVector loadBytes(long address) {
    if (LANES >= 8) {
      return (IntVector)
          ByteVector.fromMemorySegment(BYTES, MEMORY, address, LITTLE).castShape(INTS, 0);
    }
    ByteVector four =
        IntVector.broadcast(IntVector.SPECIES_64, getInt(address)).reinterpretAsBytes();
    return (IntVector) four.castShape(INTS, 0);
  }

  /** As many 16-bit words as a vector has lanes, sign extended. */
  static IntVector loadShorts(long address) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, MEMORY, address, LITTLE).castShape(INTS, 0);
  }

  static byte getByte(long address) {
    return MEMORY.get(ValueLayout.JAVA_BYTE, address);
  }

  static float getFloat(long address) {
    return MEMORY.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
  }

  static int getInt(long address) {
    return MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, address);
  }

  static short getShort(long address) {
    return MEMORY.get(ValueLayout.JAVA_SHORT_UNALIGNED, address);
  }

  static void putFloat(long address, float value) {
    MEMORY.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
  }

  static void putInt(long address, int value) {
    MEMORY.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
  }

  static void putShort(long address, int value) {
    MEMORY.set(ValueLayout.JAVA_SHORT_UNALIGNED, address, (short) value);
  }

  static void putByte(long address, int value) {
    MEMORY.set(ValueLayout.JAVA_BYTE, address, (byte) value);
  }
}
