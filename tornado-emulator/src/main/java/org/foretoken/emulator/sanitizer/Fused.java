package org.foretoken.emulator.sanitizer;

/**
 * FP32 arithmetic with TornadoVM's fused multiply-add: a sum one of whose operands is a product
 * becomes one operation with one rounding, the left operand's product first.
 *
 * <p>A product is known again by its bits. Only inexact products are remembered, as for exact ones
 * fusing changes nothing, so another value is hardly ever taken for one. One kernel runs at a time.
 */
public final class Fused {
  private static final int LEFT = 1;
  private static final int RIGHT = 2;
  private static final int SLOTS = 1 << 10;

  private static final int[] PRODUCT_BITS = new int[SLOTS];
  private static final float[] FIRST = new float[SLOTS];
  private static final float[] SECOND = new float[SLOTS];

  private Fused() {}

  /** What {@link #add} is told of its operands. */
  static int operands(boolean leftMayBeProduct, boolean rightMayBeProduct) {
    return (leftMayBeProduct ? LEFT : 0) | (rightMayBeProduct ? RIGHT : 0);
  }

  /** A product. */
  public static float mul(float a, float b) {
    float product = a * b;
    if (Math.fma(a, b, -product) != 0) {
      int slot = slot(product);
      PRODUCT_BITS[slot] = Float.floatToRawIntBits(product);
      FIRST[slot] = a;
      SECOND[slot] = b;
    }
    return product;
  }

  /** A sum, fused with a product among the operands that may be one. */
  public static float add(float x, float y, int operands) {
    if ((operands & LEFT) != 0 && remembers(x)) {
      return Math.fma(FIRST[slot(x)], SECOND[slot(x)], y);
    }
    if ((operands & RIGHT) != 0 && remembers(y)) {
      return Math.fma(FIRST[slot(y)], SECOND[slot(y)], x);
    }
    return x + y;
  }

  private static boolean remembers(float value) {
    return PRODUCT_BITS[slot(value)] == Float.floatToRawIntBits(value);
  }

  private static int slot(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (bits ^ bits >>> 10 ^ bits >>> 20) & SLOTS - 1;
  }
}
