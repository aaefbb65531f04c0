package org.foretoken.cli;

import java.util.Locale;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.kernels.graph.Backend;
import picocli.CommandLine.Option;

/** How a GPU computes: the road of its matrix products, and whether launches are captured. */
final class GpuOptions {
  @Option(
      names = "--gemm",
      paramLabel = "ROAD",
      description =
          "Matrix products on --device gpu: jit (TornadoVM), cublaslt, ptx (Hopper's wgmma), or"
              + " auto (default), which takes what is there and says so.")
  private String road = GemmRoad.AUTO.optionName();

  @Option(
      names = "--cuda-graph",
      description =
          "Capture a graph's launches once and replay them as a CUDA graph (TornadoVM's CUDA"
              + " backend).")
  private boolean cudaGraph;

  /**
   * Opens a device with these options.
   *
   * @param trace whether it times single operations, where it can
   * @throws InputException for what this process does not have
   */
  Backend open(String device, boolean trace) {
    return Devices.open(device, trace, value(), cudaGraph);
  }

  /** Opens one device of several: the options are about those that have them. */
  Backend openAmongOthers(String device, boolean trace) {
    boolean gpu = device.equals("gpu");
    return Devices.open(
        device,
        trace,
        gpu ? value() : GemmRoad.AUTO,
        cudaGraph && (gpu || device.equals("emulator")));
  }

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
