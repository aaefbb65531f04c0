package uk.ac.manchester.tornado.api.exceptions;

/** A kernel was refused by the device compiler. */
public class TornadoCompilationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoCompilationException(String message) {
    super(message);
  }
}
