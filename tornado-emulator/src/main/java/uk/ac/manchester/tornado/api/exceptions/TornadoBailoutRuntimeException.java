package uk.ac.manchester.tornado.api.exceptions;

/** A kernel could not be compiled for its device. */
public class TornadoBailoutRuntimeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoBailoutRuntimeException(String message) {
    super(message);
  }

  /** With the line to show and the cause. */
  public TornadoBailoutRuntimeException(String message, Exception cause) {
    super(message, cause);
  }
}
