package uk.ac.manchester.tornado.api.exceptions;

/** There is no backend with the given index or name. */
public class TornadoBackendNotFound extends TornadoRuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to show. */
  public TornadoBackendNotFound(String message) {
    super(message);
  }
}
