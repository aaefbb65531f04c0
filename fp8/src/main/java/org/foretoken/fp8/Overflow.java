package org.foretoken.fp8;

/** What becomes of a value that rounds past the largest finite one (OFP8 1.0, conversion modes). */
public enum Overflow {
  /** The largest finite value with its sign; an infinity too. Every quantizer of this project. */
  SATURATE,
  /**
   * Infinity with its sign where the format has one, else NaN; a format with neither refuses.
   * Rounding toward zero never overflows a finite value, as in IEEE 754.
   */
  IEEE
}
