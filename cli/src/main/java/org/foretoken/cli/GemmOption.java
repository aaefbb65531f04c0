package org.foretoken.cli;

import java.util.Locale;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.device.GemmRoad;
import picocli.CommandLine.Option;

/** What {@code --gemm} takes: the road of matrix products on a GPU. */
final class GemmOption {
  @Option(
      names = "--gemm",
      paramLabel = "ROAD",
      description =
          "Matrix products on --device gpu: jit (TornadoVM), cublaslt, ptx (Hopper's wgmma), or"
              + " auto (default), which takes what is there and says so.")
  private String road = GemmRoad.AUTO.optionName();

  /**
   * The road.
   *
   * @throws InputException for an unknown name
   */
  GemmRoad value() {
    if (!GemmRoad.optionNames().contains(road)) {
      throw new InputException(
          "--gemm: expected one of "
              + String.join(", ", GemmRoad.optionNames())
              + ", found '"
              + road
              + "'"
              + DidYouMean.hint(road, GemmRoad.optionNames()));
    }
    return GemmRoad.valueOf(road.toUpperCase(Locale.ROOT));
  }
}
