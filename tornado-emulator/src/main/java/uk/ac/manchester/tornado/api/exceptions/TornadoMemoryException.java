package uk.ac.manchester.tornado.api.exceptions;

/** Device memory was asked for wrongly. */
public class TornadoMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoMemoryException(String message) {
    super(message);
  }
}
