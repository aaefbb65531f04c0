package uk.ac.manchester.tornado.api.exceptions;

/** There is no device with the given index or name. */
public class TornadoDeviceNotFound extends TornadoRuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoDeviceNotFound(String message) {
    super(message);
  }
}
