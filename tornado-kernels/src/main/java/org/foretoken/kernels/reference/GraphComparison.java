package org.foretoken.kernels.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Elements;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;

/**
 * One graph in two places, node by node: the error and the time of each.
 *
 * <p>Every node is run as a graph of its own on a backend of its own, with all operands resident,
 * so every value can be looked at before a later node overwrites it, and a fault ends where it
 * began. The values of all tensors are kept on the host meanwhile. What a node has to overwrite
 * starts as NaN, so that an element that it forgets shows.
 */
public final class GraphComparison {
  /** What the tested backend's nodes read. */
  public enum Inputs {
    /** What the other backend's nodes read: each error is one node's own. */
    SHARED,
    /** What its own nodes wrote: errors add up along the graph, as they do in use. */
    OWN
  }

  /** What the resident tensors of a graph hold before it runs. */
  @FunctionalInterface
  public interface InitialValues {
    /** Writes the elements of {@code tensor} to {@code target}, which holds zeros. */
    void fill(Tensor tensor, MemorySegment target);
  }

  /**
   * One written tensor of one node.
   *
   * @param tensor the tensor
   * @param error of the tested backend
   * @param ulps largest distance of two elements, in units in the last place of the tensor's type
   * @param tolerance how far it may be
   */
  public record Output(Tensor tensor, TensorError error, long ulps, OperationTolerance tolerance) {
    /** Whether the error is within the tolerance. */
    public boolean agrees() {
      return tolerance.allows(error);
    }
  }

  /**
   * One node.
   *
   * @param node the node
   * @param outputs each tensor that it writes
   * @param testedNanos its least time on the tested backend
   * @param expectedNanos its least time on the other
   */
  public record Result(Node node, List<Output> outputs, long testedNanos, long expectedNanos) {
    /** Whether every output is within its tolerance. */
    public boolean agrees() {
      return outputs.stream().allMatch(Output::agrees);
    }

    /** Largest {@link TensorError#similarity} of the outputs. */
    public double similarity() {
      return outputs.stream().mapToDouble(o -> o.error().similarity()).max().orElse(0);
    }

    /** Largest {@link TensorError#max} of the outputs. */
    public double max() {
      return outputs.stream().mapToDouble(o -> o.error().max()).max().orElse(0);
    }
  }

  /** One of the two places: how to open it, and the value that each tensor has there. */
  private record Place(Supplier<Backend> open, Map<Tensor, MemorySegment> values) {}

  private final Graph graph;
  private final int repeats;
  private final Place tested;
  private final Place expected;

  private GraphComparison(
      Graph graph,
      Supplier<Backend> tested,
      Supplier<Backend> expected,
      Inputs inputs,
      int repeats,
      InitialValues initial) {
    this.graph = graph;
    this.repeats = repeats;
    this.expected = new Place(expected, values(graph, initial));
    boolean shared = inputs == Inputs.SHARED;
    this.tested = new Place(tested, shared ? this.expected.values : values(graph, initial));
  }

  /**
   * Runs every node on both backends, in program order.
   *
   * @param tested opens the backend under test
   * @param expected opens the backend that it is compared with
   * @param repeats runs of each node for its time, at least 1; values are those of the first
   * @param initial fills the graph's inputs, parameters and state
   */
  public static List<Result> run(
      Graph graph,
      Supplier<Backend> tested,
      Supplier<Backend> expected,
      Inputs inputs,
      int repeats,
      InitialValues initial) {
    GraphComparison comparison =
        new GraphComparison(graph, tested, expected, inputs, repeats, initial);
    return graph.nodes().stream().map(comparison::compare).toList();
  }

  /**
   * The time of each node in one place, for backends that time whole graphs only.
   *
   * @param open opens the backend
   * @param repeats runs of each node; the least time counts
   * @param initial fills the graph's inputs, parameters and state
   * @return nanoseconds of each node by its index
   */
  public static long[] times(
      Graph graph, Supplier<Backend> open, int repeats, InitialValues initial) {
    GraphComparison alone = new GraphComparison(graph, open, open, Inputs.SHARED, repeats, initial);
    long[] nanos = new long[graph.nodes().size()];
    for (Node node : graph.nodes()) {
      Run run = alone.run(node, alone.expected);
      nanos[node.index()] = run.nanos;
      for (int i = 0; i < run.written.size(); i++) {
        alone.expected.values.put(node.out(i), run.written.get(i));
      }
    }
    return nanos;
  }

  private static Map<Tensor, MemorySegment> values(Graph graph, InitialValues initial) {
    Map<Tensor, MemorySegment> values = new HashMap<>();
    for (Tensor t : graph.tensors()) {
      MemorySegment segment = allocate(t);
      if (t.role().resident()) {
        initial.fill(t, segment);
      }
      values.put(t, segment);
    }
    return values;
  }

  private static MemorySegment allocate(Tensor tensor) {
    return Arena.ofAuto().allocate(Math.max(1, tensor.bytes()), 64).asSlice(0, tensor.bytes());
  }

  private Result compare(Node node) {
    Run reference = run(node, expected);
    Run actual = run(node, tested);
    List<Output> outputs = new ArrayList<>();
    for (int i = 0; i < node.writes().size(); i++) {
      Tensor t = node.out(i);
      outputs.add(
          new Output(
              t,
              TensorError.between(
                  reals(t, reference.written.get(i)), reals(t, actual.written.get(i))),
              ulps(t, reference.written.get(i), actual.written.get(i)),
              actual.tolerances.get(i)));
      tested.values.put(t, actual.written.get(i));
      expected.values.put(
          t, reference.written.get(i)); // last, so that it is what a shared map keeps
    }
    return new Result(node, outputs, actual.nanos, reference.nanos);
  }

  /** What a node wrote in one place, how far that may be off, and its time. */
  private record Run(
      List<MemorySegment> written, List<OperationTolerance> tolerances, long nanos) {}

  private Run run(Node node, Place place) {
    try (Backend backend = place.open.get()) {
      List<MemorySegment> written = new ArrayList<>();
      List<OperationTolerance> tolerances = new ArrayList<>();
      Executable executable = backend.compile(alone(node));
      for (Tensor t : node.reads()) {
        backend.upload(t.name(), place.values.get(t));
      }
      for (int i = 0; i < node.writes().size(); i++) {
        Tensor t = node.out(i);
        boolean read = node.updates(i) || node.reads().contains(t);
        backend.upload(t.name(), read ? place.values.get(t) : unwritten(t));
      }
      long nanos = timed(executable);
      for (Tensor t : node.writes()) {
        MemorySegment segment = allocate(t);
        backend.download(t.name(), segment);
        written.add(segment);
        tolerances.add(OperationTolerance.of(node, t, backend));
      }
      for (int i = 1; i < repeats; i++) {
        nanos = Math.min(nanos, timed(executable));
      }
      return new Run(written, tolerances, nanos);
    }
  }

  private static long timed(Executable executable) {
    long start = System.nanoTime();
    executable.run();
    long whole = System.nanoTime() - start;
    long node = executable.nodeNanos()[0];
    return node > 0 ? node : whole;
  }

  /** The node in a graph of its own, its transients resident. */
  private Graph alone(Node node) {
    Graph step = new Graph(graph.name() + "[" + node.index() + "]");
    step.add(
        node.label(),
        node.op(),
        node.reads().stream().map(t -> resident(step, node, t)).toList(),
        node.writes().stream().map(t -> resident(step, node, t)).toList());
    return step;
  }

  private static Tensor resident(Graph step, Node node, Tensor tensor) {
    boolean written = node.writes().contains(tensor);
    boolean parameter = tensor.role() == Role.PARAMETER;
    Role role = parameter ? Role.PARAMETER : written ? Role.STATE : Role.INPUT;
    return step.declare(tensor.name(), tensor.dtype(), role, tensor.shape().dims());
  }

  /** Memory of NaNs, for the types that have them in every bit set. */
  private static MemorySegment unwritten(Tensor tensor) {
    boolean allOnesAreNan = tensor.dtype() != DType.E5M6 && tensor.dtype() != DType.I32;
    return allocate(tensor).fill((byte) (allOnesAreNan ? -1 : 0));
  }

  private static double[] reals(Tensor tensor, MemorySegment segment) {
    double[] reals = new double[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < reals.length; i++) {
      reals[i] = Elements.get(tensor.dtype(), segment, i);
    }
    return reals;
  }

  private static long ulps(Tensor tensor, MemorySegment a, MemorySegment b) {
    long most = 0;
    for (long i = 0; i < tensor.shape().elements(); i++) {
      most = Math.max(most, Elements.ulps(tensor.dtype(), a, b, i));
    }
    return most;
  }
}
