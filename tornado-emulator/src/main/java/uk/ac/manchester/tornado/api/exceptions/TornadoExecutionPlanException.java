package uk.ac.manchester.tornado.api.exceptions;

/** An execution plan could not be closed. */
public class TornadoExecutionPlanException extends Exception {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoExecutionPlanException(String message) {
    super(message);
  }

  /** With the line to show and the cause. */
  public TornadoExecutionPlanException(String message, Throwable cause) {
    super(message, cause);
  }
}
