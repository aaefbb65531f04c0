package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.MEMORY;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of bfloat16 in memory; bits as those of {@link org.foretoken.fp8.Bf16}. */
final class HostBf16 {
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int QUIET_BIT = 0x40;

  private HostBf16() {}

  /** Widens the vector at {@code address}. */
  static FloatVector load(long address) {
    return widen(ShortVector.fromMemorySegment(S, MEMORY, address, ORDER));
  }

  /** Widens the lanes of {@code mask} at {@code address}, zeros elsewhere. */
  static FloatVector load(long address, VectorMask<Float> mask) {
    return widen(ShortVector.fromMemorySegment(S, MEMORY, address, ORDER, mask.cast(S)));
  }

  /** Rounds to nearest even and stores at {@code address}. */
  static void store(FloatVector v, long address) {
    round(v).intoMemorySegment(MEMORY, address, ORDER);
  }

  /** Rounds to nearest even and stores the lanes of {@code mask} at {@code address}. */
  static void store(FloatVector v, long address, VectorMask<Float> mask) {
    round(v).intoMemorySegment(MEMORY, address, ORDER, mask.cast(S));
  }

  private static FloatVector widen(ShortVector v) {
    IntVector bits = (IntVector) v.convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
    return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  private static ShortVector round(FloatVector v) {
    IntVector bits = v.reinterpretAsInts();
    IntVector high = bits.lanewise(VectorOperators.LSHR, 16);
    IntVector even = bits.add(high.and(1)).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
    VectorMask<Integer> nan = v.compare(VectorOperators.NE, v).cast(I);
    return (ShortVector)
        even.blend(high.or(QUIET_BIT), nan).convertShape(VectorOperators.I2S, S, 0);
  }
}
