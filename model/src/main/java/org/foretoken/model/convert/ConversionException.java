package org.foretoken.model.convert;

/** A conversion failed for no fault of its input: the disk is full, a file cannot be written. */
public final class ConversionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A failure with its one-line {@code message} and its cause. */
  public ConversionException(String message, Throwable cause) {
    super(message, cause);
  }
}
