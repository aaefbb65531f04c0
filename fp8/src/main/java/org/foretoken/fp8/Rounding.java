package org.foretoken.fp8;

/** How a value that lies between two neighbours of a format becomes one of them. */
public enum Rounding {
  /**
   * To the nearer one; a tie goes to the neighbour whose code is even (IEEE 754 roundTiesToEven).
   */
  NEAREST_EVEN {
    @Override
    boolean up(double fraction, boolean lowerIsEven, long random) {
      return fraction > 0.5 || fraction == 0.5 && !lowerIsEven;
    }
  },
  /** To the one with the smaller magnitude (IEEE 754 roundTowardZero). */
  TOWARD_ZERO {
    @Override
    boolean up(double fraction, boolean lowerIsEven, long random) {
      return false;
    }
  },
  /**
   * Away from zero with a probability equal to the fraction of the gap already covered, so that the
   * mean of many roundings is the value itself. The bits come from {@link RandomBits}.
   */
  STOCHASTIC {
    @Override
    boolean up(double fraction, boolean lowerIsEven, long random) {
      return fraction * 0x1p32 > (random & 0xffff_ffffL);
    }
  };

  /**
   * Whether the neighbour farther from zero is taken.
   *
   * @param fraction share of the gap between the neighbours that the value covers, in [0, 1)
   * @param lowerIsEven whether the neighbour nearer to zero wins a tie
   * @param random 32 random bits in the low half; only {@link #STOCHASTIC} reads them
   */
  abstract boolean up(double fraction, boolean lowerIsEven, long random);
}
