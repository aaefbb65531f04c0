package uk.ac.manchester.tornado.runtime.library.spi;

/** A device whose native stream a library can be put on; in TornadoVM its CUDA devices. */
public interface TornadoNativeStreamSupport {
  /** The plan's native stream, a {@code CUstream}. */
  long getNativeStream(long executionPlanId);

  /** The plan's native context, a {@code CUcontext}. */
  long getNativeContext(long executionPlanId);
}
