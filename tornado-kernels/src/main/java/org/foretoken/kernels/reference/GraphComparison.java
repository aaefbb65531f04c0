package org.foretoken.kernels.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;

/**
 * One graph in two places, node by node: the error and the time of each.
 *
 * <p>Every node is run as a graph of its own with all operands resident, so every value can be
 * looked at before a later node overwrites it; this takes the memory of all transients together.
 */
public final class GraphComparison {
  /** What the tested backend's nodes read. */
  public enum Inputs {
    /** What the other backend's nodes read: each error is one node's own. */
    SHARED,
    /** What its own nodes wrote: errors add up along the graph, as they do in use. */
    OWN
  }

  /**
   * One node.
   *
   * @param node the node
   * @param errors of each tensor that it writes
   * @param testedNanos its time on the tested backend, 0 where tracing is off
   * @param expectedNanos its time on the other
   */
  public record Result(Node node, List<TensorError> errors, long testedNanos, long expectedNanos) {
    /** Largest {@link TensorError#similarity} of the outputs. */
    public double similarity() {
      return errors.stream().mapToDouble(TensorError::similarity).max().orElse(0);
    }

    /** Largest {@link TensorError#max} of the outputs. */
    public double max() {
      return errors.stream().mapToDouble(TensorError::max).max().orElse(0);
    }
  }

  private GraphComparison() {}

  /**
   * Runs every node once on both backends, in program order.
   *
   * @param tested the backend under test
   * @param expected the backend that it is compared with
   * @param upload fills the graph's inputs, parameters and state; called for each backend
   */
  public static List<Result> run(
      Graph graph, Backend tested, Backend expected, Inputs inputs, Consumer<Backend> upload) {
    List<Graph> steps = graph.nodes().stream().map(node -> alone(graph, node)).toList();
    List<Executable> actual = steps.stream().map(tested::compile).toList();
    List<Executable> reference = steps.stream().map(expected::compile).toList();
    upload.accept(tested);
    upload.accept(expected);
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      actual.get(i).run();
      reference.get(i).run();
      List<TensorError> errors = new ArrayList<>();
      for (Tensor t : graph.nodes().get(i).writes()) {
        errors.add(
            TensorError.between(
                OperationParity.download(expected, t), OperationParity.download(tested, t)));
        if (inputs == Inputs.SHARED) {
          copy(t, expected, tested);
        }
      }
      results.add(
          new Result(
              graph.nodes().get(i),
              errors,
              actual.get(i).nodeNanos()[0],
              reference.get(i).nodeNanos()[0]));
    }
    return results;
  }

  /** The node in a graph of its own, its transients resident. */
  private static Graph alone(Graph graph, Node node) {
    Graph step = new Graph(graph.name() + "[" + node.index() + "]");
    step.add(node.label(), node.op(), resident(step, node.reads()), resident(step, node.writes()));
    return step;
  }

  private static List<Tensor> resident(Graph step, List<Tensor> tensors) {
    return tensors.stream()
        .map(
            t -> {
              Role role = t.role().resident() ? t.role() : Role.STATE;
              return step.declare(t.name(), t.dtype(), role, t.shape().dims());
            })
        .toList();
  }

  private static void copy(Tensor tensor, Backend from, Backend to) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(Math.max(1, tensor.bytes()), 64);
      from.download(tensor.name(), segment.asSlice(0, tensor.bytes()));
      to.upload(tensor.name(), segment.asSlice(0, tensor.bytes()));
    }
  }
}
