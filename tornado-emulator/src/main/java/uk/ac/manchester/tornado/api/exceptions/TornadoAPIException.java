package uk.ac.manchester.tornado.api.exceptions;

/** The API was used wrongly. */
public class TornadoAPIException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoAPIException(String message) {
    super(message);
  }

  /** With the line to show and the cause. */
  public TornadoAPIException(String message, Exception cause) {
    super(message, cause);
  }
}
