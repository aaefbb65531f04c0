package uk.ac.manchester.tornado.api.exceptions;

/** The device has no FP64 arithmetic. */
public class TornadoDeviceFP64NotSupported extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoDeviceFP64NotSupported(String message) {
    super(message);
  }
}
