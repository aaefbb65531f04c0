package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostQuantizeLanes.FLOATS;
import static org.foretoken.kernels.host.HostQuantizeLanes.INTS;
import static org.foretoken.kernels.host.HostQuantizeLanes.LANES;
import static org.foretoken.kernels.host.HostQuantizeLanes.LITTLE;
import static org.foretoken.kernels.host.HostQuantizeLanes.MEMORY;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The dequantizer's loops over many groups of one run of codes at once, as {@link
 * HostQuantizeGroups} has them: codes of a byte each, all finite, and finite scales. The arithmetic
 * is that of {@link HostDequantizeLanes}.
 */
final class HostDequantizeGroups {
  private static final int SIGN = 0x8000_0000;

  private HostDequantizeGroups() {}

  /** FP32 values of {@code vectors} vectors of codes in groups of 2^shift vectors. */
  static void decode(
      long codes, long x, int vectors, int shift, float[] scales, HostQuantizeFormat format) {
    FloatVector subnormals = FloatVector.broadcast(FLOATS, -format.minNormal);
    int toSign = format.signShift;
    int toFields = format.fieldShift;
    IntVector fields = IntVector.broadcast(INTS, format.signBit - 1 << toFields);
    IntVector bias = IntVector.broadcast(INTS, format.decodeBias);
    IntVector sign = IntVector.broadcast(INTS, SIGN);
    for (int v = 0; v < vectors; v++) {
      FloatVector factor = FloatVector.broadcast(FLOATS, scales[v >> shift]);
      IntVector code = HostQuantizeLanes.loadBytes(codes + (long) LANES * v);
      IntVector raw = code.lanewise(VectorOperators.LSHL, toFields).and(fields).add(bias);
      FloatVector w = raw.reinterpretAsFloats();
      IntVector value = w.add(w).add(subnormals).reinterpretAsInts().min(raw);
      value
          .reinterpretAsFloats()
          .mul(factor)
          .reinterpretAsInts()
          .lanewise(VectorOperators.XOR, code.lanewise(VectorOperators.LSHL, toSign).and(sign))
          .intoMemorySegment(MEMORY, x + 4L * LANES * v, LITTLE);
    }
  }

  /**
   * The same rounded to BF16: a product of finite numbers is none of the NaNs that rounding spoils.
   */
  static void decodeBf16(
      long codes, long x, int vectors, int shift, float[] scales, HostQuantizeFormat format) {
    FloatVector subnormals = FloatVector.broadcast(FLOATS, -format.minNormal);
    int toSign = format.signShift;
    int toFields = format.fieldShift;
    IntVector fields = IntVector.broadcast(INTS, format.signBit - 1 << toFields);
    IntVector bias = IntVector.broadcast(INTS, format.decodeBias);
    IntVector sign = IntVector.broadcast(INTS, SIGN);
    IntVector half = IntVector.broadcast(INTS, 0x7fff);
    IntVector one = IntVector.broadcast(INTS, 1);
    for (int v = 0; v < vectors; v++) {
      FloatVector factor = FloatVector.broadcast(FLOATS, scales[v >> shift]);
      IntVector code = HostQuantizeLanes.loadBytes(codes + (long) LANES * v);
      IntVector raw = code.lanewise(VectorOperators.LSHL, toFields).and(fields).add(bias);
      FloatVector w = raw.reinterpretAsFloats();
      IntVector value = w.add(w).add(subnormals).reinterpretAsInts().min(raw);
      IntVector bits =
          value
              .reinterpretAsFloats()
              .mul(factor)
              .reinterpretAsInts()
              .lanewise(VectorOperators.XOR, code.lanewise(VectorOperators.LSHL, toSign).and(sign));
      IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(one);
      HostQuantizeLanes.storeShorts(
          bits.add(half).add(odd).lanewise(VectorOperators.LSHR, 16), x + 2L * LANES * v);
    }
  }
}
