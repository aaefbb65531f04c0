package uk.ac.manchester.tornado.api.exceptions;

/** The device has no such tensor-core instruction. */
public class TornadoDeviceMMANotSupported extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoDeviceMMANotSupported(String message) {
    super(message);
  }
}
