package org.foretoken.kernels.graph;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.foretoken.fp8.Formats;

/** Single elements of a tensor's memory as numbers: for files, summaries and comparisons. */
public final class Elements {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private Elements() {}

  /** The value of element {@code index}; exact for every type. */
  public static double get(DType dtype, MemorySegment segment, long index) {
    return switch (dtype) {
      case F32 -> segment.getAtIndex(FLOAT, index);
      case BF16 -> Bf16.decode(segment.getAtIndex(SHORT, index));
      case E4M3 -> E4M3.decode(segment.get(BYTE, index));
      case E5M2 -> E5M2.decode(segment.get(BYTE, index));
      case E5M6 -> Formats.E5M6.decode(segment.getAtIndex(SHORT, index));
      case I32 -> segment.getAtIndex(INT, index);
    };
  }

  /** Writes a value, rounded to nearest even; FP8 saturates. */
  public static void set(DType dtype, MemorySegment segment, long index, double value) {
    switch (dtype) {
      case F32 -> segment.setAtIndex(FLOAT, index, (float) value);
      case BF16 -> segment.setAtIndex(SHORT, index, Bf16.encode((float) value));
      case E4M3 -> segment.set(BYTE, index, E4M3.encode((float) value));
      case E5M2 -> segment.set(BYTE, index, E5M2.encode((float) value));
      case E5M6 -> segment.setAtIndex(SHORT, index, (short) Formats.E5M6.encode(value));
      case I32 -> segment.setAtIndex(INT, index, (int) value);
    }
  }

  /**
   * Units in the last place between two elements: how many representable values of the type lie
   * from one to the other; 0 for two NaNs, {@link Long#MAX_VALUE} for one.
   */
  public static long ulps(DType dtype, MemorySegment a, MemorySegment b, long index) {
    boolean nanA = Double.isNaN(get(dtype, a, index));
    boolean nanB = Double.isNaN(get(dtype, b, index));
    if (nanA || nanB) {
      return nanA && nanB ? 0 : Long.MAX_VALUE;
    }
    return Math.abs(rank(dtype, a, index) - rank(dtype, b, index));
  }

  /** Place of an element among the values of its type in ascending order; both zeros have 0. */
  private static long rank(DType dtype, MemorySegment segment, long index) {
    return switch (dtype) {
      case F32 -> signed(segment.getAtIndex(INT, index) & 0xFFFF_FFFFL, 31);
      case BF16 -> signed(segment.getAtIndex(SHORT, index) & 0xFFFF, 15);
      case E4M3, E5M2 -> signed(segment.get(BYTE, index) & 0xFF, 7);
      case E5M6 -> signed(segment.getAtIndex(SHORT, index) & 0xFFF, 11);
      case I32 -> segment.getAtIndex(INT, index);
    };
  }

  private static long signed(long bits, int signBit) {
    long magnitude = bits & ((1L << signBit) - 1);
    return bits >> signBit == 0 ? magnitude : -magnitude;
  }
}
