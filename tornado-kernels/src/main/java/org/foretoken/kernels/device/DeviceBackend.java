package org.foretoken.kernels.device;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Fp8MatMul;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The devices {@code emulator} and {@code gpu}: graphs as TornadoVM task graphs.
 *
 * <p>Which of the two it is depends on whose classes are there, the emulator's or a TornadoVM
 * SDK's; see {@link DeviceKind}. Resident tensors stay on the device between runs; inputs are
 * uploaded with every run of a graph that reads them; everything else is downloaded when it is
 * asked for. Kernels are compiled when a graph first runs, so compile all graphs before running
 * one: a graph compiled later makes TornadoVM compile the kernels of all graphs anew.
 *
 * <p>Not for use by several threads.
 */
public final class DeviceBackend implements Backend {
  private final DeviceKind kind;
  private final boolean tensorCores;
  private final GemmRoads roads;
  private final int mostTasks;
  private final boolean cudaGraph;
  private final DeviceMemory memory = new DeviceMemory();
  private final List<DeviceExecutable> executables = new ArrayList<>();
  private final Set<String> changeable = new LinkedHashSet<>();
  private DevicePlan plan;
  private boolean closed;

  /**
   * Opens the device that the class path and the module path lead to: on a GPU of the CUDA backend
   * with tensor cores, elsewhere without.
   */
  public DeviceBackend() {
    this(DeviceKind.detect());
  }

  /**
   * Opens the device that the class path and the module path lead to.
   *
   * @param tensorCores whether matrix products use tensor cores where their extents allow it
   * @throws DeviceException if the device has none that TornadoVM reaches
   */
  public DeviceBackend(boolean tensorCores) {
    this(DeviceKind.detect(), tensorCores);
    if (tensorCores && !kind.hasTensorCores()) {
      throw new DeviceException(
          description()
              + ": expected tensor cores, found none that this backend of TornadoVM"
              + " reaches; use its CUDA backend, or do without");
    }
  }

  private DeviceBackend(DeviceKind kind) {
    this(kind, kind == DeviceKind.GPU && kind.hasTensorCores());
  }

  private DeviceBackend(DeviceKind kind, boolean tensorCores) {
    this(kind, tensorCores, GemmRoads.jit());
  }

  /** A device whose matrix products take the given roads. */
  DeviceBackend(DeviceKind kind, boolean tensorCores, GemmRoads roads) {
    this(kind, tensorCores, roads, TaskSplit.MOST_TASKS, false);
  }

  /**
   * A device whose task graphs are no longer than asked. With one task each, a task that does not
   * name every array it touches finds nothing there.
   */
  DeviceBackend(DeviceKind kind, boolean tensorCores, GemmRoads roads, int mostTasks) {
    this(kind, tensorCores, roads, mostTasks, false);
  }

  private DeviceBackend(
      DeviceKind kind, boolean tensorCores, GemmRoads roads, int mostTasks, boolean cudaGraph) {
    this.mostTasks = mostTasks;
    this.cudaGraph = cudaGraph;
    this.kind = kind;
    this.tensorCores = tensorCores;
    this.roads = roads;
  }

  /** Opens the device of that name, with matrix products by TornadoVM's compiler. */
  public static DeviceBackend open(String name) {
    return open(name, GemmRoad.JIT);
  }

  /**
   * Opens the device of that name.
   *
   * @param name {@code emulator} or {@code gpu}
   * @param gemm what carries out matrix products
   * @throws DeviceException if the other one is there, or not that road
   */
  public static DeviceBackend open(String name, GemmRoad gemm) {
    return open(name, gemm, false);
  }

  /**
   * Opens the device of that name.
   *
   * @param name {@code emulator} or {@code gpu}
   * @param gemm what carries out matrix products
   * @param cudaGraph whether the launches of a graph are captured when it first runs, and replayed
   *     afterwards; the emulator has nothing to capture and runs as ever
   * @throws DeviceException if the other one is there, or not that road, or no CUDA graphs
   */
  public static DeviceBackend open(String name, GemmRoad gemm, boolean cudaGraph) {
    DeviceKind kind = DeviceKind.detect();
    kind.require(name);
    boolean cuda = kind == DeviceKind.GPU && kind.hasTensorCores();
    if (cudaGraph && kind == DeviceKind.GPU && !cuda) {
      throw new DeviceException(
          "--cuda-graph: expected TornadoVM's CUDA backend, found "
              + kind.description()
              + "; leave the option out");
    }
    GemmRoads roads = GemmRoads.detect(gemm, cuda, kind.description());
    return new DeviceBackend(kind, cuda, roads, TaskSplit.MOST_TASKS, cudaGraph);
  }

  @Override
  public String name() {
    return kind.deviceName();
  }

  @Override
  public String description() {
    String products = roads.beyondJit() ? roads.summary() : "";
    return kind.description()
        + (cudaGraph ? "; launches captured as CUDA graphs" : "")
        + (products.isEmpty() ? "" : "; " + products)
        + (roads.jitSummary().isEmpty() ? "" : "; " + roads.jitSummary());
  }

  /** What carries out which matrix product. */
  GemmRoads roads() {
    return roads;
  }

  /** Whether matrix products use tensor cores where their extents allow it. */
  public boolean tensorCores() {
    return tensorCores;
  }

  @Override
  public DeviceExecutable compile(Graph graph) {
    requireOpen("compile graph '" + graph.name() + "'");
    DeviceExecutable executable = new DeviceExecutable(this, graph);
    dropPlan();
    memory.declare(name(), graph);
    executable.reserve(memory);
    executables.add(executable);
    return executable;
  }

  /** Runs a graph that {@link #compile} returned. */
  void run(DeviceExecutable executable) {
    requireOpen("run graph '" + executable.graph().name() + "'");
    DeviceChecks.indices(executable.graph(), memory);
    buildPlan();
    plan.run(executable);
  }

  /** The options of the execution plan, in the order in which they were set. */
  String planTrace() {
    buildPlan();
    return plan.trace();
  }

  private void buildPlan() {
    if (plan == null) {
      plan = new DevicePlan(memory, executables, changeable, mostTasks, cudaGraph);
    }
  }

  /** Takes everything back to the host, so that another plan can start from there. */
  private void dropPlan() {
    if (plan != null) {
      plan.download(memory.downloadable());
      plan.close();
      plan = null;
    }
  }

  @Override
  public void upload(String tensor, MemorySegment source) {
    requireOpen("upload tensor '" + tensor + "'");
    Tensor t = find(tensor);
    if (source.byteSize() != t.bytes()) {
      throw new DeviceException(
          name()
              + ": upload to tensor '"
              + t
              + "' expected "
              + t.bytes()
              + " bytes, found "
              + source.byteSize());
    }
    MemorySegment host = ArrayType.segment(memory.resident(tensor));
    if (t.role() == Role.INPUT || plan == null || !plan.onDevice()) {
      MemorySegment.copy(source, 0, host, 0, t.bytes());
      return;
    }
    if (!plan.canChange(tensor)) {
      changeable.add(tensor);
      dropPlan();
      MemorySegment.copy(source, 0, host, 0, t.bytes());
      return;
    }
    plan.upload(tensor, memory.resident(tensor), source);
  }

  @Override
  public void download(String tensor, MemorySegment target) {
    requireOpen("download tensor '" + tensor + "'");
    Tensor t = find(tensor);
    if (target.byteSize() != t.bytes()) {
      throw new DeviceException(
          name()
              + ": download of tensor '"
              + t
              + "' expected "
              + t.bytes()
              + " bytes, found "
              + target.byteSize());
    }
    TornadoNativeArray array = memory.resident(tensor);
    if (t.role() != Role.INPUT && plan != null) {
      plan.download(List.of(array));
    }
    MemorySegment.copy(ArrayType.segment(array), 0, target, 0, t.bytes());
  }

  private Tensor find(String tensor) {
    Tensor t = memory.tensors().get(tensor);
    if (t == null) {
      throw new DeviceException(
          name() + ": no resident tensor '" + tensor + "' in the graphs compiled so far");
    }
    return t;
  }

  @Override
  public boolean shortSums(Node node) {
    return node.op() instanceof Fp8MatMul op
        && LibraryGemmTasks.road(node, op, roads) != GemmRoad.JIT;
  }

  @Override
  public Collection<Tensor> residents() {
    return List.copyOf(memory.tensors().values());
  }

  private void requireOpen(String what) {
    if (closed) {
      throw new DeviceException(name() + ": cannot " + what + " after close()");
    }
  }

  @Override
  public void close() {
    if (!closed && plan != null) {
      plan.close();
    }
    plan = null;
    closed = true;
  }
}
