package uk.ac.manchester.tornado.api.math;

import java.util.Arrays;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Mathematics that device code may use.
 *
 * <p>FP32 functions are computed in FP64 and rounded once, so a device, which computes them in
 * FP32, may differ in the last bits.
 */
public class TornadoMath {
  private static final double LN_2 = Math.log(2);

  /** The smaller of both. */
  public static float min(float a, float b) {
    return Math.min(a, b);
  }

  /** The smaller of both. */
  public static double min(double a, double b) {
    return Math.min(a, b);
  }

  /** The smaller of both. */
  public static long min(long a, long b) {
    return Math.min(a, b);
  }

  /** The smaller of both. */
  public static int min(int a, int b) {
    return Math.min(a, b);
  }

  /** The smaller of both. */
  public static short min(short a, short b) {
    return (short) Math.min(a, b);
  }

  /** The smaller of both. */
  public static byte min(byte a, byte b) {
    return (byte) Math.min(a, b);
  }

  /** The smaller of both. */
  public static HalfFloat min(HalfFloat a, HalfFloat b) {
    return new HalfFloat(Math.min(a.getFloat32(), b.getFloat32()));
  }

  /** The larger of both. */
  public static float max(float a, float b) {
    return Math.max(a, b);
  }

  /** The larger of both. */
  public static double max(double a, double b) {
    return Math.max(a, b);
  }

  /** The larger of both. */
  public static long max(long a, long b) {
    return Math.max(a, b);
  }

  /** The larger of both. */
  public static int max(int a, int b) {
    return Math.max(a, b);
  }

  /** The larger of both. */
  public static short max(short a, short b) {
    return (short) Math.max(a, b);
  }

  /** The larger of both. */
  public static byte max(byte a, byte b) {
    return (byte) Math.max(a, b);
  }

  /** The larger of both. */
  public static HalfFloat max(HalfFloat a, HalfFloat b) {
    return new HalfFloat(Math.max(a.getFloat32(), b.getFloat32()));
  }

  /** The magnitude. */
  public static float abs(float a) {
    return Math.abs(a);
  }

  /** The magnitude. */
  public static double abs(double a) {
    return Math.abs(a);
  }

  /** The magnitude. */
  public static long abs(long a) {
    return Math.abs(a);
  }

  /** The magnitude. */
  public static int abs(int a) {
    return Math.abs(a);
  }

  /** The magnitude. */
  public static short abs(short a) {
    return (short) Math.abs(a);
  }

  /** The magnitude. */
  public static byte abs(byte a) {
    return (byte) Math.abs(a);
  }

  /** {@code value}, moved into {@code min..max}. */
  public static long clamp(long value, long min, long max) {
    return Math.max(min, Math.min(max, value));
  }

  /** {@code value}, moved into {@code min..max}. */
  public static int clamp(int value, int min, int max) {
    return Math.max(min, Math.min(max, value));
  }

  /** {@code value}, moved into {@code min..max}. */
  public static short clamp(short value, short min, short max) {
    return (short) Math.max(min, Math.min(max, value));
  }

  /** {@code value}, moved into {@code min..max}. */
  public static byte clamp(byte value, byte min, byte max) {
    return (byte) Math.max(min, Math.min(max, value));
  }

  /** {@code value}, moved into {@code min..max}. */
  public static float clamp(float value, float min, float max) {
    return Math.max(min, Math.min(max, value));
  }

  /** {@code value}, moved into {@code min..max}. */
  public static double clamp(double value, double min, double max) {
    return Math.max(min, Math.min(max, value));
  }

  /** e to the {@code a}. */
  public static float exp(float a) {
    return (float) Math.exp(a);
  }

  /** e to the {@code a}. */
  public static double exp(double a) {
    return Math.exp(a);
  }

  /** The square root. */
  public static float sqrt(float a) {
    return (float) Math.sqrt(a);
  }

  /** The square root. */
  public static double sqrt(double a) {
    return Math.sqrt(a);
  }

  /** The largest integer not above {@code a}. */
  public static float floor(float a) {
    return (float) Math.floor(a);
  }

  /** The largest integer not above {@code a}. */
  public static double floor(double a) {
    return Math.floor(a);
  }

  /** The smallest integer not below {@code a}. */
  public static float ceil(float a) {
    return (float) Math.ceil(a);
  }

  /** The smallest integer not below {@code a}. */
  public static double ceil(double a) {
    return Math.ceil(a);
  }

  /** The natural logarithm. */
  public static float log(float a) {
    return (float) Math.log(a);
  }

  /** The natural logarithm. */
  public static double log(double a) {
    return Math.log(a);
  }

  /** The arc tangent. */
  public static float atan(float a) {
    return (float) Math.atan(a);
  }

  /** The arc tangent. */
  public static double atan(double a) {
    return Math.atan(a);
  }

  /** The tangent. */
  public static float tan(float a) {
    return (float) Math.tan(a);
  }

  /** The tangent. */
  public static double tan(double a) {
    return Math.tan(a);
  }

  /** The hyperbolic tangent. */
  public static float tanh(float a) {
    return (float) Math.tanh(a);
  }

  /** The hyperbolic tangent. */
  public static double tanh(double a) {
    return Math.tanh(a);
  }

  /** The arc cosine. */
  public static float acos(float a) {
    return (float) Math.acos(a);
  }

  /** The arc cosine. */
  public static double acos(double a) {
    return Math.acos(a);
  }

  /** The arc sine. */
  public static float asin(float a) {
    return (float) Math.asin(a);
  }

  /** The arc sine. */
  public static double asin(double a) {
    return Math.asin(a);
  }

  /** The cosine. */
  public static float cos(float a) {
    return (float) Math.cos(a);
  }

  /** The cosine. */
  public static double cos(double a) {
    return Math.cos(a);
  }

  /** The sine. */
  public static float sin(float a) {
    return (float) Math.sin(a);
  }

  /** The sine. */
  public static double sin(double a) {
    return Math.sin(a);
  }

  /** The sign: -1, 0 or 1. */
  public static float signum(float a) {
    return (float) Math.signum(a);
  }

  /** The sign: -1, 0 or 1. */
  public static double signum(double a) {
    return Math.signum(a);
  }

  /** Degrees to radians. */
  public static float toRadians(float a) {
    return (float) Math.toRadians(a);
  }

  /** Degrees to radians. */
  public static double toRadians(double a) {
    return Math.toRadians(a);
  }

  /** The logarithm to base 2. */
  public static float log2(float a) {
    return (float) Math.log(a) / (float) LN_2;
  }

  /** The logarithm to base 2. */
  public static double log2(double a) {
    return Math.log(a) / LN_2;
  }

  /** The sine of {@code a * pi}. */
  public static float sinpi(float a) {
    return (float) sinpi((double) a);
  }

  /** The sine of {@code a * pi}. */
  public static double sinpi(double a) {
    return Math.sin(a * Math.PI);
  }

  /** The cosine of {@code a * pi}. */
  public static float cospi(float a) {
    return (float) cospi((double) a);
  }

  /** The cosine of {@code a * pi}. */
  public static double cospi(double a) {
    return Math.cos(a * Math.PI);
  }

  /** The part above {@link #floor}. */
  public static float fract(float a) {
    return (float) fract((double) a);
  }

  /** The part above {@link #floor}. */
  public static double fract(double a) {
    return a - Math.floor(a);
  }

  /** {@code a} to the power {@code b}. */
  public static float pow(float a, float b) {
    return (float) Math.pow(a, b);
  }

  /** {@code a} to the power {@code b}. */
  public static double pow(double a, double b) {
    return Math.pow(a, b);
  }

  /** The angle of the point (b, a). */
  public static float atan2(float a, float b) {
    return (float) Math.atan2(a, b);
  }

  /** The angle of the point (b, a). */
  public static double atan2(double a, double b) {
    return Math.atan2(a, b);
  }

  /** Pi in FP32. */
  public static float floatPI() {
    return (float) Math.PI;
  }

  /** Pi in FP64. */
  public static double PI() {
    return Math.PI;
  }

  /** Whether both hold the same values. */
  public static boolean isEqual(float[] a, float[] b) {
    return Arrays.equals(a, b);
  }

  /** Whether both hold the same values. */
  public static boolean isEqual(double[] a, double[] b) {
    return Arrays.equals(a, b);
  }

  /** Whether both hold the same values. */
  public static boolean isEqual(int[] a, int[] b) {
    return Arrays.equals(a, b);
  }

  /** Whether both hold the same values. */
  public static boolean isEqual(short[] a, short[] b) {
    return Arrays.equals(a, b);
  }

  /** Whether both hold the same values. */
  public static boolean isEqual(byte[] a, byte[] b) {
    return Arrays.equals(a, b);
  }

  /** Whether both hold the same bits. */
  public static boolean isEqual(FloatArray a, FloatArray b) {
    return a.getSegment().mismatch(b.getSegment()) < 0;
  }

  /** Whether both hold the same bits. */
  public static boolean isEqual(DoubleArray a, DoubleArray b) {
    return a.getSegment().mismatch(b.getSegment()) < 0;
  }

  /** Whether both hold the same bits. */
  public static boolean isEqual(IntArray a, IntArray b) {
    return a.getSegment().mismatch(b.getSegment()) < 0;
  }

  /** Whether both hold the same bits. */
  public static boolean isEqual(HalfFloatArray a, HalfFloatArray b) {
    return a.getSegment().mismatch(b.getSegment()) < 0;
  }

  /** Whether both have one length and no element differs by more than {@code tolerance}. */
  public static boolean isEqualTol(float[] a, float[] b, float tolerance) {
    boolean equal = a.length == b.length;
    for (int i = 0; equal && i < a.length; i++) {
      equal = Math.abs(a[i] - b[i]) <= tolerance;
    }
    return equal;
  }
}
