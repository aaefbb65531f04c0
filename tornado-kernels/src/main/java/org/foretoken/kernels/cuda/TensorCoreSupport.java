package org.foretoken.kernels.cuda;

import java.util.Optional;

/**
 * Which of the ways past TornadoVM's compiler this machine has.
 *
 * @param cublasLt version of a cuBLASLt with 1x128 and 128x128 scales, or 0
 * @param wgmma whether the device has {@code wgmma}
 * @param reason why something is missing, in one line; empty where nothing is
 */
public record TensorCoreSupport(long cublasLt, boolean wgmma, String reason) {
  private static final int HOPPER = 90;

  /** Asks the driver and the library; loads both, changes nothing. */
  public static TensorCoreSupport probe() {
    Optional<CudaDriver> driver = CudaDriver.open();
    if (driver.isEmpty()) {
      return new TensorCoreSupport(0, false, "no CUDA driver (libcuda.so.1)");
    }
    int capability;
    try {
      capability = driver.get().computeCapability();
    } catch (CudaException e) {
      return new TensorCoreSupport(0, false, e.getMessage());
    }
    if (capability != HOPPER) {
      return new TensorCoreSupport(
          0,
          false,
          "expected compute capability 9.0 (Hopper), found "
              + capability / 10
              + "."
              + capability % 10);
    }
    Optional<CublasLt> library = CublasLt.open();
    if (library.isEmpty()) {
      return new TensorCoreSupport(
          0,
          true,
          "no cuBLASLt (libcublasLt.so.13 or .12) under CUDA_PATH or on the loader's path");
    }
    long version = library.get().version();
    if (version < CublasLt.BLOCK_SCALES) {
      return new TensorCoreSupport(
          0,
          true,
          library.get().file() + ": expected version 12.9.0 or later, found " + version(version));
    }
    return new TensorCoreSupport(version, true, "");
  }

  /** The library's version as NVIDIA writes it. */
  public static String version(long number) {
    return number / 10_000 + "." + number / 100 % 100 + "." + number % 100;
  }
}
