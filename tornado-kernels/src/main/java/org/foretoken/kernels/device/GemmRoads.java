package org.foretoken.kernels.device;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.foretoken.kernels.cuda.TensorCoreSupport;

/**
 * Chooses the road of each matrix product, and remembers what it chose and why: nothing takes
 * another road silently.
 */
final class GemmRoads {
  private record Choice(GemmRoad road, String because) {}

  private final GemmRoad asked;
  private final Set<GemmRoad> available;
  private final GemmTable table;
  private final Map<GemmShape, Choice> choices = new LinkedHashMap<>();

  GemmRoads(GemmRoad asked, Set<GemmRoad> available, GemmTable table) {
    this.asked = asked;
    this.available = EnumSet.copyOf(available);
    this.table = table;
  }

  /** TornadoVM's compiler for everything. */
  static GemmRoads jit() {
    return new GemmRoads(GemmRoad.JIT, EnumSet.of(GemmRoad.JIT), GemmTable.EMPTY);
  }

  /**
   * The roads that this machine has.
   *
   * @param cuda whether TornadoVM's backend is CUDA, which alone has library tasks
   * @param device as it describes itself, for its table
   * @throws DeviceException when the road that was asked for is not among them
   */
  static GemmRoads detect(GemmRoad asked, boolean cuda, String device) {
    if (asked == GemmRoad.JIT) {
      return jit();
    }
    TensorCoreSupport support =
        cuda
            ? TensorCoreSupport.probe()
            : new TensorCoreSupport(0, false, "TornadoVM's CUDA backend is needed");
    Set<GemmRoad> available = EnumSet.of(GemmRoad.JIT);
    if (support.cublasLt() > 0) {
      available.add(GemmRoad.CUBLASLT);
    }
    if (support.wgmma()) {
      available.add(GemmRoad.PTX);
    }
    if (asked != GemmRoad.AUTO && !available.contains(asked)) {
      throw new DeviceException(
          "--gemm "
              + asked.optionName()
              + ": not on this machine: "
              + support.reason()
              + "; use --gemm jit or auto");
    }
    return new GemmRoads(asked, available, GemmTable.of(device));
  }

  /** The road of a product. */
  GemmRoad choose(GemmShape shape) {
    return choices.computeIfAbsent(shape, this::decide).road();
  }

  private Choice decide(GemmShape shape) {
    if (asked != GemmRoad.AUTO) {
      String refusal = shape.refusal(asked);
      return refusal == null ? new Choice(asked, "") : new Choice(GemmRoad.JIT, refusal);
    }
    GemmRoad measured = table.nearest(shape);
    if (measured != null && usable(measured, shape)) {
      return new Choice(measured, "");
    }
    // Without a measurement: the vendor's library before the compiler.
    return new Choice(usable(GemmRoad.CUBLASLT, shape) ? GemmRoad.CUBLASLT : GemmRoad.JIT, "");
  }

  private boolean usable(GemmRoad road, GemmShape shape) {
    return available.contains(road) && shape.refusal(road) == null;
  }

  /** How many shapes take which road, and those that could not take the one asked for. */
  String summary() {
    Map<GemmRoad, Integer> counts = new EnumMap<>(GemmRoad.class);
    StringJoiner refusals = new StringJoiner("; ");
    choices.forEach(
        (shape, choice) -> {
          counts.merge(choice.road(), 1, Integer::sum);
          if (!choice.because().isEmpty()) {
            refusals.add(shape + " by jit (" + choice.because() + ")");
          }
        });
    StringJoiner text = new StringJoiner(", ");
    counts.forEach((road, count) -> text.add(count + " by " + road.optionName()));
    boolean byTable = asked == GemmRoad.AUTO && table.file() != null && !counts.isEmpty();
    return (counts.isEmpty() ? "" : "shapes of products: " + text)
        + (byTable ? ", measured in " + table.file() : "")
        + (refusals.length() == 0 ? "" : "; " + refusals);
  }

  /** Whether anything but TornadoVM's compiler can be chosen. */
  boolean beyondJit() {
    return asked != GemmRoad.JIT;
  }
}
