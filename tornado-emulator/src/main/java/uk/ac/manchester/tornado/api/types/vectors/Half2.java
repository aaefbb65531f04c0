package uk.ac.manchester.tornado.api.types.vectors;

import java.util.Locale;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/** Two FP16 lanes, one 32-bit register on a device that packs them. */
public final class Half2 {
  /** This class. */
  public static final Class<Half2> TYPE = Half2.class;

  private HalfFloat x;
  private HalfFloat y;

  /** Both lanes zero. */
  public Half2() {
    this(new HalfFloat((short) 0), new HalfFloat((short) 0));
  }

  /** Low lane {@code x}, high lane {@code y}. */
  public Half2(HalfFloat x, HalfFloat y) {
    this.x = x;
    this.y = y;
  }

  /** {@code a + b}, lane by lane. */
  public static Half2 add(Half2 a, Half2 b) {
    return new Half2(HalfFloat.add(a.x, b.x), HalfFloat.add(a.y, b.y));
  }

  /** {@code a - b}, lane by lane. */
  public static Half2 sub(Half2 a, Half2 b) {
    return new Half2(HalfFloat.sub(a.x, b.x), HalfFloat.sub(a.y, b.y));
  }

  /** {@code a / b}, lane by lane. */
  public static Half2 div(Half2 a, Half2 b) {
    return new Half2(HalfFloat.div(a.x, b.x), HalfFloat.div(a.y, b.y));
  }

  /** {@code a * b}, lane by lane. */
  public static Half2 mult(Half2 a, Half2 b) {
    return new Half2(HalfFloat.mult(a.x, b.x), HalfFloat.mult(a.y, b.y));
  }

  /** {@code a + b} in each lane. */
  public static Half2 add(Half2 a, HalfFloat b) {
    return add(a, new Half2(b, b));
  }

  /** {@code a - b} in each lane. */
  public static Half2 sub(Half2 a, HalfFloat b) {
    return sub(a, new Half2(b, b));
  }

  /** {@code a * b} in each lane. */
  public static Half2 mult(Half2 a, HalfFloat b) {
    return mult(a, new Half2(b, b));
  }

  /** {@code a / b} in each lane. */
  public static Half2 div(Half2 a, HalfFloat b) {
    return div(a, new Half2(b, b));
  }

  /** {@code a * b + c}, lane by lane, rounded once as the hardware instruction does. */
  public static Half2 fma(Half2 a, Half2 b, Half2 c) {
    return new Half2(fma(a.x, b.x, c.x), fma(a.y, b.y, c.y));
  }

  /** The low lane as FP32. */
  public static float lowFloat(Half2 a) {
    return a.x.getFloat32();
  }

  /** The high lane as FP32. */
  public static float highFloat(Half2 a) {
    return a.y.getFloat32();
  }

  /** Rounds both values to FP16. */
  public static Half2 fromFloats(float x, float y) {
    return new Half2(new HalfFloat(x), new HalfFloat(y));
  }

  /** {@code a.x * b.x + a.y * b.y}, each step rounded to FP16. */
  public static HalfFloat dot(Half2 a, Half2 b) {
    Half2 product = mult(a, b);
    return HalfFloat.add(product.x, product.y);
  }

  /** Lane 0 or 1. */
  public HalfFloat get(int index) {
    return requireLane(index) == 0 ? x : y;
  }

  /** Replaces lane 0 or 1. */
  public void set(int index, HalfFloat value) {
    if (requireLane(index) == 0) {
      x = value;
    } else {
      y = value;
    }
  }

  /** Takes both lanes over. */
  public void set(Half2 value) {
    x = value.x;
    y = value.y;
  }

  /** The low lane. */
  public HalfFloat getX() {
    return x;
  }

  /** Replaces the low lane. */
  public void setX(HalfFloat x) {
    this.x = x;
  }

  /** The high lane. */
  public HalfFloat getY() {
    return y;
  }

  /** Replaces the high lane. */
  public void setY(HalfFloat y) {
    this.y = y;
  }

  /** A copy. */
  public Half2 duplicate() {
    return new Half2(x, y);
  }

  /** The number of lanes. */
  public int size() {
    return 2;
  }

  /** The raw bits of both lanes. */
  public short[] toArray() {
    return new short[] {x.getHalfFloatValue(), y.getHalfFloatValue()};
  }

  /** Bytes of both lanes. */
  public long getNumBytes() {
    return 4;
  }

  /** Formats both lanes. */
  public String toString(String format) {
    return String.format(Locale.ROOT, format, x.getFloat32(), y.getFloat32());
  }

  @Override
  public String toString() {
    return toString("{%.3f,%.3f}");
  }

  private static HalfFloat fma(HalfFloat a, HalfFloat b, HalfFloat c) {
    // FP64 holds an FP16 product exactly; one rounding to FP16 follows through FP32.
    return new HalfFloat((float) ((double) a.getFloat32() * b.getFloat32() + c.getFloat32()));
  }

  private static int requireLane(int index) {
    if (index != 0 && index != 1) {
      throw new IndexOutOfBoundsException("Half2 lane: expected 0 or 1, found " + index);
    }
    return index;
  }
}
