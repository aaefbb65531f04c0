package org.foretoken.kernels.reference;

import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;

/**
 * A graph on the {@link ReferenceBackend}: nodes in program order, no memory shared between
 * transients, and every transient NaN at the start of a run so that a value that an operation
 * forgot to write shows in the result.
 */
public final class ReferenceExecutable implements Executable {
  private final Graph graph;
  private final List<Node> nodes;
  private final Map<Tensor, Values> values;
  private final boolean exactProducts;
  private final MemoryPlan memoryPlan;
  private final long[] nodeNanos;

  ReferenceExecutable(Graph graph, Map<Tensor, Values> values, boolean exactProducts) {
    this.graph = graph;
    this.nodes = List.copyOf(graph.nodes());
    this.values = values;
    this.exactProducts = exactProducts;
    this.memoryPlan = MemoryPlan.of(graph);
    this.nodeNanos = new long[nodes.size()];
  }

  @Override
  public Graph graph() {
    return graph;
  }

  @Override
  public void run() {
    for (Values v : values.values()) {
      if (!v.tensor().role().resident()) {
        v.poison();
      }
    }
    for (Node node : nodes) {
      long start = System.nanoTime();
      ReferenceOps.run(node.op(), new Operands(node, values), exactProducts);
      nodeNanos[node.index()] = System.nanoTime() - start;
    }
  }

  /** The plan that a device would use; the reference itself gives each transient its own memory. */
  @Override
  public MemoryPlan memoryPlan() {
    return memoryPlan;
  }

  @Override
  public long[] nodeNanos() {
    return nodeNanos.clone();
  }
}
