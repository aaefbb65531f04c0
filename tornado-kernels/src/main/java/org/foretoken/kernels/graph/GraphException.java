package org.foretoken.kernels.graph;

/** A graph that cannot be built or run; the message is one line: where, expected, found. */
public final class GraphException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with its one-line message. */
  public GraphException(String message) {
    super(message);
  }
}
