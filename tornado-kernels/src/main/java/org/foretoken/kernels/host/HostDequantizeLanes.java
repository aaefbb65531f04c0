package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostQuantizeLanes.FLOATS;
import static org.foretoken.kernels.host.HostQuantizeLanes.INTS;
import static org.foretoken.kernels.host.HostQuantizeLanes.LANES;
import static org.foretoken.kernels.host.HostQuantizeLanes.LITTLE;
import static org.foretoken.kernels.host.HostQuantizeLanes.MEMORY;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.foretoken.fp8.Bf16;

/**
 * The vector loops of the dequantizer, over raw addresses as in {@link HostQuantizeLanes}.
 *
 * <p>The fields of a code, put where a float has them and its bias repaired by an integer addition,
 * give w: the value of a normal code, and 2^(e-1) * (1 + f) instead of 2^e * f for a subnormal one,
 * e being the exponent they share. 2w - 2^e mends the latter and is not below w for the former, so
 * the value is the smaller of the two; no float on the way is subnormal, which would cost a hundred
 * cycles.
 */
final class HostDequantizeLanes {
  private static final VectorSpecies<Byte> WHOLE_BYTES = ByteVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> WHOLE_SHORTS = ShortVector.SPECIES_PREFERRED;
  private static final int SIGN = 0x8000_0000;

  private HostDequantizeLanes() {}

  /** Whether none of {@code n} codes is an infinity or a NaN. */
  static boolean allFinite(long codes, int n, HostQuantizeFormat format) {
    return format.bytes == 1
        ? allFiniteBytes(codes, n, format.firstSpecial)
        : allFiniteShorts(codes, n, format.firstSpecial);
  }

  private static boolean allFiniteBytes(long codes, int n, int firstSpecial) {
    int step = WHOLE_BYTES.length();
    int whole = n - n % step;
    ByteVector largest = ByteVector.zero(WHOLE_BYTES);
    for (int i = 0; i < whole; i += step) {
      ByteVector code = ByteVector.fromMemorySegment(WHOLE_BYTES, MEMORY, codes + i, LITTLE);
      largest = largest.max(code.and((byte) 0x7f));
    }
    int max = largest.reduceLanes(VectorOperators.MAX);
    for (int i = whole; i < n; i++) {
      max = Math.max(max, HostQuantizeLanes.getByte(codes + i) & 0x7f);
    }
    return max < firstSpecial;
  }

  private static boolean allFiniteShorts(long codes, int n, int firstSpecial) {
    int step = WHOLE_SHORTS.length();
    int whole = n - n % step;
    ShortVector largest = ShortVector.zero(WHOLE_SHORTS);
    for (int i = 0; i < whole; i += step) {
      ShortVector code =
          ShortVector.fromMemorySegment(WHOLE_SHORTS, MEMORY, codes + 2L * i, LITTLE);
      largest = largest.max(code.and((short) 0x7ff));
    }
    int max = largest.reduceLanes(VectorOperators.MAX);
    for (int i = whole; i < n; i++) {
      max = Math.max(max, HostQuantizeLanes.getShort(codes + 2L * i) & 0x7ff);
    }
    return max < firstSpecial;
  }

  /** {@code n} finite codes times the one scale at {@code scale}. */
  static void decode(long codes, long x, int n, long scale, HostQuantizeFormat format) {
    float factor = HostQuantizeLanes.getFloat(scale);
    FloatVector factors = FloatVector.broadcast(FLOATS, factor);
    FloatVector subnormals = FloatVector.broadcast(FLOATS, -format.minNormal);
    int toSign = format.signShift;
    int toFields = format.fieldShift;
    int fields = format.signBit - 1 << toFields;
    int bias = format.decodeBias;
    boolean wide = format.bytes == 2;
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES) {
      IntVector code =
          wide
              ? HostQuantizeLanes.loadShorts(codes + 2L * i)
              : HostQuantizeLanes.loadBytes(codes + i);
      IntVector raw = code.lanewise(VectorOperators.LSHL, toFields).and(fields).add(bias);
      FloatVector w = raw.reinterpretAsFloats();
      IntVector value = w.add(w).add(subnormals).reinterpretAsInts().min(raw);
      FloatVector scaled = value.reinterpretAsFloats().mul(factors);
      scaled
          .reinterpretAsInts()
          .lanewise(VectorOperators.XOR, code.lanewise(VectorOperators.LSHL, toSign).and(SIGN))
          .intoMemorySegment(MEMORY, x + 4L * i, LITTLE);
    }
    decodeScalar(codes + (long) whole * format.bytes, x + 4L * whole, n - whole, scale, 0, format);
  }

  /** {@code n} finite codes times the {@code n} scales from {@code scales} on. */
  static void decodeColumns(long codes, long x, int n, long scales, HostQuantizeFormat format) {
    FloatVector subnormals = FloatVector.broadcast(FLOATS, -format.minNormal);
    int toSign = format.signShift;
    int toFields = format.fieldShift;
    IntVector fields = IntVector.broadcast(INTS, format.signBit - 1 << toFields);
    IntVector bias = IntVector.broadcast(INTS, format.decodeBias);
    IntVector sign = IntVector.broadcast(INTS, SIGN);
    boolean wide = format.bytes == 2;
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES) {
      IntVector code =
          wide
              ? HostQuantizeLanes.loadShorts(codes + 2L * i)
              : HostQuantizeLanes.loadBytes(codes + i);
      FloatVector factors = FloatVector.fromMemorySegment(FLOATS, MEMORY, scales + 4L * i, LITTLE);
      IntVector raw = code.lanewise(VectorOperators.LSHL, toFields).and(fields).add(bias);
      FloatVector w = raw.reinterpretAsFloats();
      IntVector value = w.add(w).add(subnormals).reinterpretAsInts().min(raw);
      FloatVector scaled = value.reinterpretAsFloats().mul(factors);
      scaled
          .reinterpretAsInts()
          .lanewise(VectorOperators.XOR, code.lanewise(VectorOperators.LSHL, toSign).and(sign))
          .intoMemorySegment(MEMORY, x + 4L * i, LITTLE);
    }
    decodeScalar(
        codes + (long) whole * format.bytes,
        x + 4L * whole,
        n - whole,
        scales + 4L * whole,
        4,
        format);
  }

  /** {@code n} codes of any kind; the next one's scale is {@code scaleStep} bytes on. */
  static void decodeScalar(
      long codes, long x, int n, long scale, int scaleStep, HostQuantizeFormat format) {
    for (int i = 0; i < n; i++) {
      int code =
          format.bytes == 1
              ? HostQuantizeLanes.getByte(codes + i)
              : HostQuantizeLanes.getShort(codes + 2L * i);
      float factor = HostQuantizeLanes.getFloat(scale + (long) i * scaleStep);
      HostQuantizeLanes.putFloat(x + 4L * i, format.decode(code) * factor);
    }
  }

  /** {@code n} floats rounded to BF16. */
  static void narrow(long floats, long bf16, int n) {
    int whole = n - n % LANES;
    IntVector largest = IntVector.zero(INTS);
    IntVector magnitude = IntVector.broadcast(INTS, ~SIGN);
    IntVector half = IntVector.broadcast(INTS, 0x7fff);
    IntVector one = IntVector.broadcast(INTS, 1);
    for (int i = 0; i < whole; i += LANES) {
      IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, floats + 4L * i, LITTLE);
      largest = largest.max(bits.and(magnitude));
      IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(one);
      HostQuantizeLanes.storeShorts(
          bits.add(half).add(odd).lanewise(VectorOperators.LSHR, 16), bf16 + 2L * i);
    }
    int magnitudes = largest.reduceLanes(VectorOperators.MAX);
    int first = magnitudes > HostQuantizeLanes.INFINITY ? 0 : whole; // a NaN could turn infinite
    for (int i = first; i < n; i++) {
      HostQuantizeLanes.putShort(
          bf16 + 2L * i, Bf16.encode(HostQuantizeLanes.getFloat(floats + 4L * i)));
    }
  }
}
