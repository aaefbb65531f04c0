package uk.ac.manchester.tornado.api.exceptions;

/** A device ran out of memory. */
public class TornadoOutOfMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoOutOfMemoryException(String message) {
    super(message);
  }
}
