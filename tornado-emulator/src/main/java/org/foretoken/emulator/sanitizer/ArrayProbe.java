package org.foretoken.emulator.sanitizer;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.CharArray;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FP8Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.Int8Array;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/** What instrumented kernels call in place of the accessors of native arrays. */
public final class ArrayProbe {
  private ArrayProbe() {}

  /** Reads an element. */
  public static float get(FloatArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(FloatArray array, int index, float value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static double get(DoubleArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(DoubleArray array, int index, double value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static int get(IntArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(IntArray array, int index, int value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static long get(LongArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(LongArray array, int index, long value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static short get(ShortArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(ShortArray array, int index, short value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static char get(CharArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(CharArray array, int index, char value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static byte get(ByteArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(ByteArray array, int index, byte value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static byte get(Int8Array array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(Int8Array array, int index, byte value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static HalfFloat get(HalfFloatArray array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(HalfFloatArray array, int index, HalfFloat value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static short get(BFloat16Array array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(BFloat16Array array, int index, short value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static byte get(FP8Array array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.get(index);
  }

  /** Writes an element. */
  public static void set(FP8Array array, int index, byte value) {
    Probe.sanitizer().write(array, index, 1);
    array.set(index, value);
  }

  /** Reads an element. */
  public static float getFloat(BFloat16Array array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.getFloat(index);
  }

  /** Writes an element. */
  public static void setFloat(BFloat16Array array, int index, float value) {
    Probe.sanitizer().write(array, index, 1);
    array.setFloat(index, value);
  }

  /** Reads an element. */
  public static float getE4M3(FP8Array array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.getE4M3(index);
  }

  /** Writes an element. */
  public static void setE4M3(FP8Array array, int index, float value) {
    Probe.sanitizer().write(array, index, 1);
    array.setE4M3(index, value);
  }

  /** Reads an element. */
  public static float getE5M2(FP8Array array, int index) {
    Probe.sanitizer().read(array, index, 1);
    return array.getE5M2(index);
  }

  /** Writes an element. */
  public static void setE5M2(FP8Array array, int index, float value) {
    Probe.sanitizer().write(array, index, 1);
    array.setE5M2(index, value);
  }

  /** Reads two elements. */
  public static HalfFloat getHalfFloat(ByteArray array, int index) {
    Probe.sanitizer().read(array, index, 2);
    return array.getHalfFloat(index);
  }

  /** Writes two elements. */
  public static void setHalfFloat(ByteArray array, int index, HalfFloat value) {
    Probe.sanitizer().write(array, index, 2);
    array.setHalfFloat(index, value);
  }

  /** Reads two elements. */
  public static Half2 getHalf2(HalfFloatArray array, int index) {
    Probe.sanitizer().read(array, index, 2);
    return array.getHalf2(index);
  }

  /** Writes two elements. */
  public static void setHalf2(HalfFloatArray array, int index, Half2 value) {
    Probe.sanitizer().write(array, index, 2);
    array.setHalf2(index, value);
  }
}
