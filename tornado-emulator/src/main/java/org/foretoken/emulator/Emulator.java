package org.foretoken.emulator;

import uk.ac.manchester.tornado.api.TaskGraph;

/** What a program may want to know of the emulator, or tell it. */
public final class Emulator {
  /** System property that switches the sanitizer off for plans made later: {@code false}. */
  public static final String SANITIZE_PROPERTY = "foretoken.emulator.sanitize";

  /**
   * System property that makes plans refuse kernels in which the lint finds errors: {@code true}.
   */
  public static final String LINT_PROPERTY = "foretoken.emulator.lint";

  /**
   * System property that makes FP32 sums over products round once, as TornadoVM compiles them:
   * {@code true}.
   */
  public static final String FMA_PROPERTY = "foretoken.emulator.fma";

  private Emulator() {}

  /**
   * Whether the classes of {@code uk.ac.manchester.tornado.api} that this JVM runs are the
   * emulator's and not an SDK's.
   */
  public static boolean isActive() {
    try {
      return TaskGraph.class.getDeclaredField("builder") != null;
    } catch (NoSuchFieldException _) {
      return false;
    }
  }

  /** Whether a plan made now runs its kernels under the sanitizer. */
  public static boolean sanitizes() {
    return Boolean.parseBoolean(System.getProperty(SANITIZE_PROPERTY, "true"));
  }

  /** Whether a task run now is refused if the lint finds errors in its kernel. */
  public static boolean lints() {
    return Boolean.getBoolean(LINT_PROPERTY);
  }

  /** Whether a task run now rounds FP32 sums over products once. */
  public static boolean fuses() {
    return Boolean.getBoolean(FMA_PROPERTY);
  }
}
