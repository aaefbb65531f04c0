package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;

import java.lang.foreign.MemorySegment;
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
  private static final int EXPONENT_MASK = 0x7f80_0000;
  private static final int QUIET_BIT = 0x40;

  private HostBf16() {}

  /** Widens the vector at byte {@code offset}. */
  static FloatVector load(MemorySegment s, long offset) {
    return widen(ShortVector.fromMemorySegment(S, s, offset, ORDER));
  }

  /** Widens the lanes of {@code mask} at byte {@code offset}, zeros elsewhere. */
  static FloatVector load(MemorySegment s, long offset, VectorMask<Float> mask) {
    return widen(ShortVector.fromMemorySegment(S, s, offset, ORDER, mask.cast(S)));
  }

  /** Rounds to nearest even and stores at byte {@code offset}. */
  static void store(FloatVector v, MemorySegment s, long offset) {
    round(v).intoMemorySegment(s, offset, ORDER);
  }

  /** Rounds to nearest even and stores the lanes of {@code mask} at byte {@code offset}. */
  static void store(FloatVector v, MemorySegment s, long offset, VectorMask<Float> mask) {
    round(v).intoMemorySegment(s, offset, ORDER, mask.cast(S));
  }

  private static FloatVector widen(ShortVector v) {
    IntVector bits = (IntVector) v.convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
    return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  private static ShortVector round(FloatVector v) {
    IntVector bits = v.reinterpretAsInts();
    IntVector high = bits.lanewise(VectorOperators.LSHR, 16);
    IntVector even = bits.add(high.and(1)).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
    VectorMask<Integer> nan =
        bits.and(0x7fff_ffff).compare(VectorOperators.GT, EXPONENT_MASK);
    IntVector rounded = even.blend(high.or(QUIET_BIT), nan);
    return (ShortVector) rounded.convertShape(VectorOperators.I2S, S, 0);
  }
}
