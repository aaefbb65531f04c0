package uk.ac.manchester.tornado.api.types;

import java.util.Locale;

/** An FP16 value, kept as its 16 bits; arithmetic is done in FP32 and rounded back once. */
public class HalfFloat {
  private final short bits;

  /** Rounds {@code halfFloat} to the nearest FP16 value, ties to even. */
  public HalfFloat(float halfFloat) {
    this(Float.floatToFloat16(halfFloat));
  }

  /** The value with the given bits. */
  public HalfFloat(short halfFloat) {
    bits = halfFloat;
  }

  /** {@code a + b}. */
  public static HalfFloat add(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() + b.getFloat32());
  }

  /** {@code a - b}. */
  public static HalfFloat sub(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() - b.getFloat32());
  }

  /** {@code a * b}. */
  public static HalfFloat mult(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() * b.getFloat32());
  }

  /** {@code a / b}. */
  public static HalfFloat div(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() / b.getFloat32());
  }

  /** The 16 bits. */
  public short getHalfFloatValue() {
    return bits;
  }

  /** The value as FP32, exactly. */
  public float getFloat32() {
    return Float.float16ToFloat(bits);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "HalfFloat: %.4f", getFloat32());
  }
}
