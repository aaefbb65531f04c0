package uk.ac.manchester.tornado.api.exceptions;

/** The device has no FP8 arithmetic. */
public class TornadoDeviceFP8NotSupported extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoDeviceFP8NotSupported(String message) {
    super(message);
  }
}
