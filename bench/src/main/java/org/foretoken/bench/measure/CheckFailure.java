package org.foretoken.bench.measure;

/** A value differs from its reference; nothing is timed then. */
public final class CheckFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says what was expected and found. */
  public CheckFailure(String message) {
    super(message);
  }
}
