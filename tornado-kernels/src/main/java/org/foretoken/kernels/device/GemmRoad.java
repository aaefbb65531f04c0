package org.foretoken.kernels.device;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What carries out a matrix product on a device. */
public enum GemmRoad {
  /** A kernel in Java, compiled by TornadoVM; every device has it. */
  JIT,
  /**
   * NVIDIA's library, as a library task: 1x128 and 128x128 scales on Hopper, CUDA 12.9 or later.
   */
  CUBLASLT,
  /** The project's own kernel in PTX for Hopper's {@code wgmma}, as a library task. */
  PTX,
  /** For each product the road that a measured table says is the fastest there. */
  AUTO;

  /** Name as given to {@code --gemm}. */
  public String optionName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** All names. */
  public static List<String> optionNames() {
    return Arrays.stream(values()).map(GemmRoad::optionName).toList();
  }
}
