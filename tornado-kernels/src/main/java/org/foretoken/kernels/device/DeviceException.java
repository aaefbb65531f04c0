package org.foretoken.kernels.device;

/** A device that cannot do what it was asked; the message is one line: where, what, way out. */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with its one-line message. */
  public DeviceException(String message) {
    super(message);
  }

  /** Creates the exception with its one-line message and what TornadoVM threw. */
  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }
}
