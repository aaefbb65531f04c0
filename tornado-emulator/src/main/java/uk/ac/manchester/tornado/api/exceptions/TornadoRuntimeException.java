package uk.ac.manchester.tornado.api.exceptions;

/** A task graph or its execution went wrong. */
public class TornadoRuntimeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoRuntimeException(String message) {
    super(message);
  }

  /** With the cause alone. */
  public TornadoRuntimeException(Exception cause) {
    super(cause);
  }
}
