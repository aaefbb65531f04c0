package org.foretoken.bench.measure;

/** Something that is not there on this machine, and therefore has no figure. */
public final class NotMeasured extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says why there is no figure. */
  public NotMeasured(String reason) {
    super(reason);
  }

  /** Says why there is no figure. */
  public NotMeasured(String reason, Throwable cause) {
    super(reason, cause);
  }
}
