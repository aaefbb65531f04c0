package uk.ac.manchester.tornado.api.exceptions;

/** An operation of the runtime failed. */
public class TornadoFailureException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoFailureException(String message) {
    super(message);
  }

  /** With the cause alone. */
  public TornadoFailureException(Exception cause) {
    super(cause);
  }
}
