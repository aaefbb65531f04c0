package uk.ac.manchester.tornado.api.exceptions;

/** The device has no FP16 arithmetic. */
public class TornadoDeviceFP16NotSupported extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoDeviceFP16NotSupported(String message) {
    super(message);
  }
}
