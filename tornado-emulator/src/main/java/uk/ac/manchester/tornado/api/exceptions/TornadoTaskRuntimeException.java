package uk.ac.manchester.tornado.api.exceptions;

/** A task was declared or used wrongly. */
public class TornadoTaskRuntimeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoTaskRuntimeException(String message) {
    super(message);
  }

  /** With the line to show and the cause. */
  public TornadoTaskRuntimeException(String message, Exception cause) {
    super(message, cause);
  }
}
