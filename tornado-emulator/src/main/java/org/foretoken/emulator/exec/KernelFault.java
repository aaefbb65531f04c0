package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/** A kernel did what a device cannot do, or must not; one line says which, who and where. */
public class KernelFault extends TornadoRuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the whole line. */
  public KernelFault(String message) {
    super(message);
  }

  /** What Java threw, and the kernel's line that made it throw. */
  static String describe(RuntimeException thrown) {
    String what =
        switch (thrown) {
          case IndexOutOfBoundsException e -> "out of bounds: " + e.getMessage();
          case ArithmeticException e -> "arithmetic: " + e.getMessage();
          default -> thrown.toString();
        };
    for (StackTraceElement frame : thrown.getStackTrace()) {
      String type = frame.getClassName();
      if (!type.startsWith("java.")
          && !type.startsWith("jdk.")
          && !type.startsWith("uk.ac.manchester.tornado.api.")) {
        return what + " (" + frame.getFileName() + ":" + frame.getLineNumber() + ")";
      }
    }
    return what;
  }
}
