package org.foretoken.kernels.device;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.Predicate;
import org.foretoken.kernels.cuda.CublasLtAlgorithms;
import org.foretoken.kernels.cuda.TensorCoreSupport;

/**
 * Chooses the road of each matrix product, and remembers what it chose and why: nothing takes
 * another road silently.
 */
final class GemmRoads {
  private record Choice(GemmRoad road, String because) {}

  /** What TornadoVM's compiler has for a product on a device with tensor cores, best first. */
  enum JitKernel {
    LARGE_TILES("in tiles of 128 x 128"),
    SMALL_TILES("in tiles of 64 x 32"),
    PORTABLE("without tensor cores");

    private final String text;

    JitKernel(String text) {
      this.text = text;
    }
  }

  /** Shapes in a slower kernel that a description names; the others are counted. */
  private static final int NAMED = 4;

  private final GemmRoad asked;
  private final Set<GemmRoad> available;
  private final GemmTable table;
  private final Predicate<GemmShape> cublasLtHas;
  private final Map<GemmShape, Choice> choices = new LinkedHashMap<>();
  private final Map<GemmShape, JitKernel> jitKernels = new LinkedHashMap<>();

  /** Roads of a machine whose cuBLASLt can do every product. */
  GemmRoads(GemmRoad asked, Set<GemmRoad> available, GemmTable table) {
    this(asked, available, table, shape -> true);
  }

  /**
   * Roads of a machine.
   *
   * @param cublasLtHas whether cuBLASLt has an algorithm for a product
   */
  GemmRoads(
      GemmRoad asked, Set<GemmRoad> available, GemmTable table, Predicate<GemmShape> cublasLtHas) {
    this.cublasLtHas = cublasLtHas;
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
    return new GemmRoads(asked, available, GemmTable.of(device), GemmRoads::hasAlgorithm);
  }

  private static boolean hasAlgorithm(GemmShape s) {
    return s.kind() == GemmShape.Kind.BF16
        || CublasLtAlgorithms.forFp8(s.kind() == GemmShape.Kind.FP8_TN, s.m(), s.n(), s.k());
  }

  /** The road of a product. */
  GemmRoad choose(GemmShape shape) {
    return choices.computeIfAbsent(shape, this::decide).road();
  }

  private Choice decide(GemmShape shape) {
    if (asked != GemmRoad.AUTO) {
      String refusal = refusal(asked, shape);
      return refusal == null ? new Choice(asked, "") : new Choice(GemmRoad.JIT, refusal);
    }
    GemmRoad measured = table.nearest(shape);
    if (measured != null && usable(measured, shape)) {
      return new Choice(measured, "");
    }
    // Without a measurement: our own kernel for FP8, which has been right on an H200 where
    // cuBLASLt's block scales have not been seen to run; the library for BF16.
    for (GemmRoad road : List.of(GemmRoad.PTX, GemmRoad.CUBLASLT)) {
      if (usable(road, shape)) {
        return new Choice(road, "");
      }
    }
    return new Choice(GemmRoad.JIT, "");
  }

  private boolean usable(GemmRoad road, GemmShape shape) {
    return available.contains(road) && refusal(road, shape) == null;
  }

  /** Why a road cannot carry out a product, or null where it can. */
  private String refusal(GemmRoad road, GemmShape shape) {
    String refusal = shape.refusal(road);
    if (refusal == null && road == GemmRoad.CUBLASLT && !cublasLtHas.test(shape)) {
      return "cuBLASLt has no algorithm for it";
    }
    return refusal;
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

  /** Remembers which kernel by TornadoVM's compiler a product takes; of several, the slowest. */
  void remember(GemmShape shape, JitKernel kernel) {
    jitKernels.merge(shape, kernel, (a, b) -> a.compareTo(b) > 0 ? a : b);
  }

  /** How many shapes take which kernel by TornadoVM's compiler, and those not in large tiles. */
  String jitSummary() {
    StringJoiner text = new StringJoiner(", ");
    for (JitKernel kernel : JitKernel.values()) {
      List<GemmShape> shapes =
          jitKernels.keySet().stream().filter(s -> jitKernels.get(s) == kernel).toList();
      if (!shapes.isEmpty()) {
        StringJoiner named = new StringJoiner(", ", " (", ")");
        shapes.stream().limit(NAMED).forEach(s -> named.add(s.toString()));
        if (shapes.size() > NAMED) {
          named.add("...");
        }
        text.add(
            shapes.size()
                + " "
                + kernel.text
                + (kernel == JitKernel.LARGE_TILES ? "" : named.toString()));
      }
    }
    return text.length() == 0 ? "" : "products by jit: " + text;
  }

  /** Whether anything but TornadoVM's compiler can be chosen. */
  boolean beyondJit() {
    return asked != GemmRoad.JIT;
  }
}
