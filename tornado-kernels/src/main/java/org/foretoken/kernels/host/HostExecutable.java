package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;

/** A graph whose operations are bound to their memory: running it is calling them in order. */
final class HostExecutable implements Executable {
  private final Graph graph;
  private final MemoryPlan plan;
  private final HostMemory memory;
  private final Runnable[] kernels;
  private final long[] nanos;
  private final boolean trace;
  private final long[][] changed;

  /**
   * Binds every node.
   *
   * @param segments memory of each tensor by its id
   */
  HostExecutable(
      Graph graph,
      MemoryPlan plan,
      MemorySegment[] segments,
      HostMemory memory,
      HostWeights weights,
      HostPool pool,
      boolean trace) {
    this.graph = graph;
    this.plan = plan;
    this.memory = memory;
    this.trace = trace;
    changed = changed(graph, weights);
    List<Node> nodes = graph.nodes();
    kernels = new Runnable[nodes.size()];
    nanos = new long[nodes.size()];
    for (Node node : nodes) {
      kernels[node.index()] =
          HostDispatch.bind(new HostOperands(graph, node, segments, memory, weights), pool);
    }
  }

  /** The change counters of the resident tensors that a run writes. */
  private static long[][] changed(Graph graph, HostWeights weights) {
    return graph.nodes().stream()
        .flatMap(n -> n.writes().stream())
        .filter(t -> t.role().resident())
        .map(Tensor::name)
        .distinct()
        .map(weights::version)
        .toArray(long[][]::new);
  }

  @Override
  public Graph graph() {
    return graph;
  }

  @Override
  public void run() {
    memory.requireOpen(graph);
    for (long[] version : changed) {
      version[0]++;
    }
    if (!trace) {
      for (Runnable kernel : kernels) {
        kernel.run();
      }
      return;
    }
    for (int i = 0; i < kernels.length; i++) {
      long start = System.nanoTime();
      kernels[i].run();
      nanos[i] = System.nanoTime() - start;
    }
  }

  @Override
  public MemoryPlan memoryPlan() {
    return plan;
  }

  @Override
  public long[] nodeNanos() {
    return nanos.clone();
  }
}
