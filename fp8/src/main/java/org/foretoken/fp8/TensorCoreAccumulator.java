package org.foretoken.fp8;

/**
 * A model of how Hopper's tensor core adds FP8 products, and of promotion to FP32.
 *
 * <p>One step takes {@code groupSize} products and the accumulator c. Every addend has an exponent:
 * a product the sum of its operands' exponents (significands in [1, 2), not normalised after the
 * multiplication; a subnormal operand has its format's smallest exponent), c its own. All addends
 * are aligned to the largest exponent e among those that are not zero, and what of them lies below
 * 2^(e - keptBits + 1) is cut. The aligned integers are added exactly, and the sum is cut to {@code
 * keptBits} significant bits to become the new c. With a promotion interval, c is added to an FP32
 * sum each so many products and starts again from zero.
 *
 * <p>Sources. DeepSeek-V3 (arXiv 2412.19437), sections 3.3.2 and 3.5.2: 32 products aligned by
 * right shifts to the largest exponent, the highest 14 bits kept, the rest truncated, 14 bits in
 * the accumulator too, promotion each N_C = 128. That the accumulator is aligned together with the
 * products, that products keep the unnormalised exponent, that cutting is toward zero and that the
 * result has 13 fraction bits (E8M13) comes from measurements on the hardware: SageAttention2
 * (arXiv 2411.10958), MMA-Sim (arXiv 2511.10909), Khattak and Mikaitis (arXiv 2512.07004). {@code
 * keptBits} = 14 is one integer bit and these 13; a product in [2, 4) and the sum may have more
 * integer bits.
 *
 * @param groupSize products that are aligned together
 * @param keptBits bits kept of an addend whose significand is in [1, 2), and of the accumulator
 * @param promotionInterval products between promotions, a multiple of {@code groupSize}; 0 for none
 * @param cut how bits are cut
 */
public record TensorCoreAccumulator(int groupSize, int keptBits, int promotionInterval, Cut cut) {

  /** What happens to an addend's bits below the last one kept. */
  public enum Cut {
    /** Dropped from the magnitude; what the measurements show. */
    TOWARD_ZERO,
    /** Dropped from the two's complement, as the report's "sign-fill right shifting" would do. */
    TOWARD_NEGATIVE
  }

  /** Products of two FP32 numbers have exponents from -252 on. */
  private static final int BELOW_ALL_EXPONENTS = -300;

  /** Hopper's FP8 tensor core with DeepSeek's promotion each 128 products. */
  public static final TensorCoreAccumulator HOPPER_PROMOTED =
      new TensorCoreAccumulator(32, 14, 128, Cut.TOWARD_ZERO);

  /** Hopper's FP8 tensor core left alone. */
  public static final TensorCoreAccumulator HOPPER =
      new TensorCoreAccumulator(32, 14, 0, Cut.TOWARD_ZERO);

  public TensorCoreAccumulator {
    if (groupSize < 1
        || groupSize > 1024
        || keptBits < 2
        || keptBits > 40
        || promotionInterval < 0
        || promotionInterval % groupSize != 0) {
      throw new InputException(
          String.format(
              "accumulator: expected groupSize 1 to 1024, keptBits 2 to 40 and promotionInterval a"
                  + " multiple of groupSize or 0, found groupSize %d, keptBits %d,"
                  + " promotionInterval %d",
              groupSize, keptBits, promotionInterval));
    }
  }

  /** This model with another promotion interval. */
  public TensorCoreAccumulator promotedEach(int interval) {
    return new TensorCoreAccumulator(groupSize, keptBits, interval, cut);
  }

  /**
   * The sum of a[i] * b[i] as the tensor core and the promotion compute it.
   *
   * @param a values of {@code aFormat}
   * @param b values of {@code bFormat}
   */
  public float dot(float[] a, Format aFormat, float[] b, Format bFormat) {
    float total = 0;
    int interval = promotionInterval == 0 ? Math.max(1, a.length) : promotionInterval;
    for (int from = 0; from < a.length; from += interval) {
      int to = Math.min(from + interval, a.length);
      total += chunk(a, aFormat, b, bFormat, from, to);
    }
    return total;
  }

  /** The accumulator after the products from {@code from} to {@code to}, beginning from zero. */
  float chunk(float[] a, Format aFormat, float[] b, Format bFormat, int from, int to) {
    int aSmallest = Math.getExponent(aFormat.minNormal());
    int bSmallest = Math.getExponent(bFormat.minNormal());
    double[] addends = new double[groupSize + 1];
    int[] exponents = new int[groupSize + 1];
    float accumulator = 0;
    for (int first = from; first < to; first += groupSize) {
      int count = Math.min(groupSize, to - first);
      for (int i = 0; i < count; i++) {
        float x = a[first + i];
        float y = b[first + i];
        addends[i] = (double) x * y;
        exponents[i] =
            Math.max(Math.getExponent(x), aSmallest) + Math.max(Math.getExponent(y), bSmallest);
      }
      addends[count] = accumulator;
      exponents[count] = Math.max(Math.getExponent(accumulator), Float.MIN_EXPONENT);
      accumulator = add(addends, exponents, count + 1);
    }
    return accumulator;
  }

  private float add(double[] addends, int[] exponents, int count) {
    int largest = BELOW_ALL_EXPONENTS;
    double plain = 0;
    for (int i = 0; i < count; i++) {
      plain += addends[i];
      if (addends[i] != 0) {
        largest = Math.max(largest, exponents[i]);
      }
    }
    if (!Double.isFinite(plain)) {
      return (float) plain;
    }
    int last = largest - keptBits + 1;
    double align = Math.scalb(1.0, -last);
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += cut(addends[i] * align);
    }
    // At most 1025 addends below 2^(keptBits + 1): the sum is below 2^53, and exact as a double
    // too.
    int excess = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(Math.abs(sum)) - keptBits);
    long kept = cut(Math.scalb((double) sum, -excess)) << excess;
    return (float) Math.scalb((double) kept, last);
  }

  private long cut(double aligned) {
    return cut == Cut.TOWARD_ZERO ? (long) aligned : (long) Math.floor(aligned);
  }
}
