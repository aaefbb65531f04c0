package org.foretoken.fp8;

/**
 * Random bits that depend on a seed and a position only, so that stochastic rounding gives the same
 * bytes in whatever order, and on whatever device, the elements are visited.
 *
 * <p>The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014) over seed + (index + 1) * golden ratio.
 */
public final class RandomBits {
  private static final long GOLDEN_RATIO = 0x9e37_79b9_7f4a_7c15L;

  private RandomBits() {}

  /** 32 random bits for element {@code index} under {@code seed}, in the low half of the result. */
  public static long at(long seed, long index) {
    long z = seed + (index + 1) * GOLDEN_RATIO;
    z = (z ^ z >>> 30) * 0xbf58_476d_1ce4_e5b9L;
    z = (z ^ z >>> 27) * 0x94d0_49bb_1331_11ebL;
    return (z ^ z >>> 31) >>> 32;
  }
}
