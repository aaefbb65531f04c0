package org.foretoken.emulator.sanitizer;

/**
 * What instrumented kernels call in place of array accesses, and around barriers and loops.
 *
 * <p>One sanitized launch runs at a time, whoever asks for it; that is what makes a static field
 * do.
 */
public final class Probe {
  private static Sanitizer sanitizer;

  private Probe() {}

  /** Runs a launch under the sanitizer's watch. */
  public static synchronized void watch(Sanitizer watcher, Runnable launch) {
    sanitizer = watcher;
    try {
      launch.run();
    } finally {
      sanitizer = null;
    }
  }

  /** Runs a launch while no other instrumented kernel runs. */
  public static synchronized void alone(Runnable launch) {
    launch.run();
  }

  static Sanitizer sanitizer() {
    return sanitizer;
  }

  /** The kernel comes to a barrier at this line. */
  public static void site(int line) {
    sanitizer.site(line);
  }

  /** The kernel has put a local array into the variable of this name. */
  public static void named(Object array, String name) {
    sanitizer.named(array, name);
  }

  /** A parallel loop begins with this value of its variable. */
  public static void loopBegins(int value, int dimension) {
    sanitizer.loops().begin(dimension, value);
  }

  /** A parallel loop goes on to this value of its variable. */
  public static void loopNext(int value, int dimension) {
    sanitizer.loops().next(dimension, value);
  }

  /** A parallel loop is left. */
  public static void loopEnds(int dimension) {
    sanitizer.loops().end(dimension);
  }

  /** An element of a Java array is about to be read. */
  public static void read(Object array, int index) {
    sanitizer.read(array, index, 1);
  }

  /** Writes an element. */
  public static void store(float[] array, int index, float value) {
    sanitizer.write(array, index, 1);
    array[index] = value;
  }

  /** Writes an element. */
  public static void store(double[] array, int index, double value) {
    sanitizer.write(array, index, 1);
    array[index] = value;
  }

  /** Writes an element. */
  public static void store(int[] array, int index, int value) {
    sanitizer.write(array, index, 1);
    array[index] = value;
  }

  /** Writes an element. */
  public static void store(long[] array, int index, long value) {
    sanitizer.write(array, index, 1);
    array[index] = value;
  }

  /** Writes an element. */
  public static void store(short[] array, int index, short value) {
    sanitizer.write(array, index, 1);
    array[index] = value;
  }

  /** Writes an element. */
  public static void store(char[] array, int index, char value) {
    sanitizer.write(array, index, 1);
    array[index] = value;
  }

  /** Writes an element. */
  public static void store(Object[] array, int index, Object value) {
    sanitizer.write(array, index, 1);
    array[index] = value;
  }

  /** Writes an element of a byte or boolean array, for which there is one instruction. */
  public static void store(Object array, int index, int value) {
    sanitizer.write(array, index, 1);
    if (array instanceof boolean[] booleans) {
      booleans[index] = (value & 1) != 0;
    } else {
      ((byte[]) array)[index] = (byte) value;
    }
  }
}
