package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector building blocks whose bits do not depend on whether, or how, the JIT compiled them.
 *
 * <p>{@code reduceLanes(ADD)} may add in any order and {@code lanewise(EXP)} may call different
 * libraries, so neither appears in the host kernels: sums go through {@link #sum}, exponentials
 * through {@link #exp}.
 */
final class HostMath {
  /** The species of every host kernel; a wider one than the machine's would box each vector. */
  static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  /** Lanes of a vector. */
  static final int LANES = F.length();

  /** Elements that a chunk of an element-wise loop covers: enough to pay for handing it out. */
  static final int CHUNK = 1 << 14;

  /**
   * All of memory: kernels address operands, whose sizes the graph has checked, absolutely. Bounds
   * and liveness checks of a segment each would make C2 give up inlining in the larger loops.
   */
  @SuppressWarnings("restricted")
  static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final VectorShuffle<Float> ROTATE_HALF = rotation(2);
  private static final VectorShuffle<Float> ROTATE_QUARTER = rotation(4);
  private static final VectorShuffle<Float> ROTATE_EIGHTH = rotation(8);
  private static final VectorShuffle<Float> ROTATE_SIXTEENTH = rotation(16);

  private static final float LOG2_E = 0x1.715476p0f;
  private static final float LN2_HIGH = 0x1.62e43p-1f;
  private static final float LN2_LOW = -0x1.05c61p-29f;

  /** Adding this rounds to an integer, which is then in the low bits. */
  private static final float MAGIC = 0x1.8p23f;

  private static final int MAGIC_BITS = Float.floatToRawIntBits(MAGIC);

  /** Below this, exp is less than half the smallest subnormal. */
  private static final float UNDERFLOW = -104f;

  /** Above this, exp is infinite. */
  private static final float OVERFLOW = 89f;

  // exp(r) = 1 + r + r^2 (C2 + C3 r + ...), minimax on |r| <= ln(2)/2: relative error 3.1e-9.
  private static final float C2 = 0x1.fffffcp-2f;
  private static final float C3 = 0x1.55549p-3f;
  private static final float C4 = 0x1.5558f4p-5f;
  private static final float C5 = 0x1.123a6cp-7f;
  private static final float C6 = 0x1.6a235p-10f;

  // 2^r = 1 + r (D1 + D2 r + ...), minimax on |r| <= 1/2: relative error 2.0e-9.
  private static final float D1 = 0x1.62e43p-1f;
  private static final float D2 = 0x1.ebfbdcp-3f;
  private static final float D3 = 0x1.c6aee8p-5f;
  private static final float D4 = 0x1.3b2d4ep-7f;
  private static final float D5 = 0x1.5f3ec2p-10f;
  private static final float D6 = 0x1.41fb74p-13f;

  /** Below this, 2^x is subnormal. */
  private static final float LEAST_EXPONENT = -126f;

  private static final float LARGEST_EXPONENT = 126f;

  private HostMath() {}

  private static VectorShuffle<Float> rotation(int part) {
    return VectorShuffle.iota(F, Math.max(1, F.length() / part), 1, true);
  }

  /** The vector at {@code address}. */
  static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER);
  }

  /** The lanes of {@code mask} at {@code address}, zeros elsewhere. */
  static FloatVector load(long address, VectorMask<Float> mask) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER, mask);
  }

  /** Stores a vector at {@code address}. */
  static void store(FloatVector v, long address) {
    v.intoMemorySegment(MEMORY, address, ORDER);
  }

  /** Stores the lanes of {@code mask} at {@code address}. */
  static void store(FloatVector v, long address, VectorMask<Float> mask) {
    v.intoMemorySegment(MEMORY, address, ORDER, mask);
  }

  /** The float at {@code address}. */
  static float getFloat(long address) {
    return MEMORY.get(ValueLayout.JAVA_FLOAT, address);
  }

  /** Stores a float at {@code address}. */
  static void setFloat(long address, float value) {
    MEMORY.set(ValueLayout.JAVA_FLOAT, address, value);
  }

  /** The integer at {@code address}. */
  static int getInt(long address) {
    return MEMORY.get(ValueLayout.JAVA_INT, address);
  }

  /** Stores an integer at {@code address}. */
  static void setInt(long address, int value) {
    MEMORY.set(ValueLayout.JAVA_INT, address, value);
  }

  /** Copies {@code n} floats. */
  static void copy(long from, long to, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      store(load(from + 4L * i), to + 4L * i);
    }
    if (i < n) {
      VectorMask<Float> m = first(n - i);
      store(load(from + 4L * i, m), to + 4L * i, m);
    }
  }

  /** Zeros {@code n} floats. */
  static void zero(long address, long n) {
    MEMORY.asSlice(address, 4 * n).fill((byte) 0);
  }

  /** Rows of {@code columns} elements that make a chunk. */
  static int rowsPerChunk(int columns) {
    return Math.max(1, CHUNK / Math.max(1, columns));
  }

  /** The first {@code n} lanes. */
  static VectorMask<Float> first(int n) {
    return F.indexInRange(0, n);
  }

  /** e^x: at most 1 ulp from the exact value where that is normal, 2 ulp where it is subnormal. */
  static FloatVector exp(FloatVector x) {
    FloatVector shifted = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, MAGIC));
    FloatVector n = shifted.sub(MAGIC);
    FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), x);
    r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
    FloatVector p = polynomial(r);
    // 2^n in two factors, so that results from subnormal to the largest come out.
    IntVector k = shifted.reinterpretAsInts().sub(MAGIC_BITS);
    IntVector half = k.lanewise(VectorOperators.ASHR, 1);
    FloatVector y = p.mul(powerOfTwo(half)).mul(powerOfTwo(k.sub(half)));
    y = y.blend(0f, x.compare(VectorOperators.LT, UNDERFLOW));
    return y.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, OVERFLOW));
  }

  private static FloatVector polynomial(FloatVector r) {
    FloatVector p = r.fma(FloatVector.broadcast(F, C6), FloatVector.broadcast(F, C5));
    p = p.fma(r, FloatVector.broadcast(F, C4));
    p = p.fma(r, FloatVector.broadcast(F, C3));
    p = p.fma(r, FloatVector.broadcast(F, C2));
    p = p.fma(r, FloatVector.broadcast(F, 1f));
    return p.fma(r, FloatVector.broadcast(F, 1f));
  }

  private static FloatVector powerOfTwo(IntVector k) {
    return k.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  /** {@link #exp(FloatVector)} of one value, bit for bit. */
  static float exp(float x) {
    if (x < UNDERFLOW) {
      return 0f;
    }
    if (x > OVERFLOW) {
      return Float.POSITIVE_INFINITY;
    }
    float shifted = Math.fma(x, LOG2_E, MAGIC);
    float n = shifted - MAGIC;
    float r = Math.fma(n, -LN2_HIGH, x);
    r = Math.fma(n, -LN2_LOW, r);
    float p = Math.fma(r, C6, C5);
    p = Math.fma(p, r, C4);
    p = Math.fma(p, r, C3);
    p = Math.fma(p, r, C2);
    p = Math.fma(p, r, 1f);
    p = Math.fma(p, r, 1f);
    int k = Float.floatToRawIntBits(shifted) - MAGIC_BITS;
    int half = k >> 1;
    return p * Float.intBitsToFloat(half + 127 << 23) * Float.intBitsToFloat(k - half + 127 << 23);
  }

  /**
   * 2^x for x below 127, at most 1 ulp from the exact value; 0 where that is below the smallest
   * normal number. For softmax, where x is at most 0, it takes half the time of {@link #exp}.
   */
  static FloatVector exp2(FloatVector x) {
    FloatVector shifted = x.add(MAGIC);
    FloatVector r = x.sub(shifted.sub(MAGIC));
    FloatVector p = r.fma(FloatVector.broadcast(F, D6), FloatVector.broadcast(F, D5));
    p = p.fma(r, FloatVector.broadcast(F, D4));
    p = p.fma(r, FloatVector.broadcast(F, D3));
    p = p.fma(r, FloatVector.broadcast(F, D2));
    p = p.fma(r, FloatVector.broadcast(F, D1));
    p = p.fma(r, FloatVector.broadcast(F, 1f));
    // The integer stands in the low bits of shifted, and goes straight to the exponent of p.
    IntVector n = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector y = p.reinterpretAsInts().add(n).reinterpretAsFloats();
    return y.blend(0f, x.compare(VectorOperators.LT, LEAST_EXPONENT));
  }

  /** {@link #exp2(FloatVector)} of one value, bit for bit. */
  static float exp2(float x) {
    if (x < LEAST_EXPONENT) {
      return 0f;
    }
    float shifted = x + MAGIC;
    float r = x - (shifted - MAGIC);
    float p = Math.fma(r, D6, D5);
    p = Math.fma(p, r, D4);
    p = Math.fma(p, r, D3);
    p = Math.fma(p, r, D2);
    p = Math.fma(p, r, D1);
    p = Math.fma(p, r, 1f);
    int n = Float.floatToRawIntBits(shifted) << 23;
    return Float.intBitsToFloat(Float.floatToRawIntBits(p) + n);
  }

  /**
   * 1 / (1 + e^-x), with an absolute error of at most 2^-23 and a relative one of at most 1e-5; not
   * below 2^-127.
   */
  static FloatVector sigmoid(FloatVector x) {
    FloatVector t = x.mul(-LOG2_E);
    t = t.blend(LARGEST_EXPONENT, t.compare(VectorOperators.GT, LARGEST_EXPONENT));
    return FloatVector.broadcast(F, 1f).div(exp2(t).add(1f));
  }

  /** The sum of all lanes, added as a balanced tree. */
  static float sum(FloatVector v) {
    FloatVector s = v;
    if (LANES > 1) {
      s = s.add(s.rearrange(ROTATE_HALF));
    }
    if (LANES > 2) {
      s = s.add(s.rearrange(ROTATE_QUARTER));
    }
    if (LANES > 4) {
      s = s.add(s.rearrange(ROTATE_EIGHTH));
    }
    if (LANES > 8) {
      s = s.add(s.rearrange(ROTATE_SIXTEENTH));
    }
    return s.lane(0);
  }
}
