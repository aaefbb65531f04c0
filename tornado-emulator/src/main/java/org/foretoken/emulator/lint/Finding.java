package org.foretoken.emulator.lint;

/**
 * Something in a kernel that TornadoVM refuses or compiles wrongly.
 *
 * @param severity how bad it is
 * @param kernel class and method of the kernel
 * @param method class and method of the code, which may be a helper
 * @param file source file
 * @param line source line, or 0
 * @param what the construct and what becomes of it
 * @param wayOut what to write instead
 */
public record Finding(
    Severity severity,
    String kernel,
    String method,
    String file,
    int line,
    String what,
    String wayOut) {

  /** How bad a finding is. */
  public enum Severity {
    /** Refused, or wrong on some backend whatever the values. */
    ERROR,
    /** Wrong or slow for some values or on some backend. */
    WARNING
  }

  /** One line: severity, kernel, place, construct, way out. */
  @Override
  public String toString() {
    return severity.name().toLowerCase(java.util.Locale.ROOT)
        + " in kernel "
        + kernel
        + " ("
        + file
        + ":"
        + line
        + (method.equals(kernel) ? "" : ", " + method)
        + "): "
        + what
        + "; "
        + wayOut;
  }
}
