package org.foretoken.kernels.cuda;

/** A CUDA library or driver call that failed, or one that is not there. */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CudaException(String message) {
    super(message);
  }

  CudaException(String message, Throwable cause) {
    super(message, cause);
  }
}
