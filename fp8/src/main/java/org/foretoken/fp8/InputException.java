package org.foretoken.fp8;

/**
 * The input is wrong: a configuration, a file or a value that the user can put right.
 *
 * <p>The message is one line that says where, what was expected, what was found and the way out.
 * The command line prints it and leaves with exit code 2.
 */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An input mistake with its one-line {@code message}. */
  public InputException(String message) {
    super(message);
  }

  /** An input mistake with its one-line {@code message} and the exception that showed it. */
  public InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
