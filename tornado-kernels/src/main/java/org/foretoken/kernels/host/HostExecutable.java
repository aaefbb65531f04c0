package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.graph.Dependencies;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;

/**
 * A graph whose operations are bound to their memory. A run goes through the stages of {@link
 * HostSchedule}: large operations one by one, each on all threads; small ones beside each other.
 */
final class HostExecutable implements Executable {
  private final Graph graph;
  private final MemoryPlan plan;
  private final HostMemory memory;
  private final Runnable[] kernels;
  private final long[] nanos;
  private final long[] starts;
  private final int[] lanes;
  private final Runnable[] stages;
  private final boolean trace;
  private long start;
  private final long[][] changed;

  /**
   * Binds every node.
   *
   * @param segments memory of each tensor by its id
   * @param overlap whether small operations run beside each other
   */
  HostExecutable(
      Graph graph,
      MemoryPlan plan,
      MemorySegment[] segments,
      HostMemory memory,
      HostWeights weights,
      HostPool pool,
      boolean overlap,
      boolean trace) {
    this.graph = graph;
    this.plan = plan;
    this.memory = memory;
    this.trace = trace;
    changed = changed(graph, weights);
    List<Node> nodes = graph.nodes();
    kernels = new Runnable[nodes.size()];
    nanos = new long[nodes.size()];
    starts = new long[nodes.size()];
    lanes = new int[nodes.size()];
    boolean[] alone = new boolean[nodes.size()];
    long[] work = new long[nodes.size()];
    for (Node node : nodes) {
      int i = node.index();
      long scratches = memory.scratches();
      kernels[i] =
          HostDispatch.bind(new HostOperands(graph, node, segments, memory, weights), pool);
      alone[i] = !overlap || memory.scratches() != scratches; // there is one scratch for all nodes
      work[i] = HostWork.nanos(node);
    }
    HostSchedule schedule = HostSchedule.of(graph, plan, work, alone, pool.threads());
    List<Runnable> runs = new ArrayList<>();
    for (int[] stage : schedule.stages()) {
      if (stage.length == 1) {
        int only = stage[0];
        runs.add(trace ? () -> traced(only, 0) : kernels[only]);
      } else {
        HostStage.Task task = trace ? this::traced : (node, lane) -> kernels[node].run();
        runs.add(new HostStage(stage, schedule::predecessors, pool, task)::run);
      }
    }
    stages = runs.toArray(Runnable[]::new);
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
    start = trace ? System.nanoTime() : 0;
    for (Runnable stage : stages) {
      stage.run();
    }
  }

  private void traced(int node, int lane) {
    long from = System.nanoTime();
    kernels[node].run();
    nanos[node] = System.nanoTime() - from;
    starts[node] = from - start;
    lanes[node] = lane;
  }

  @Override
  public MemoryPlan memoryPlan() {
    return plan;
  }

  @Override
  public long[] nodeNanos() {
    return nanos.clone();
  }

  @Override
  public List<Dependencies.Slot> nodeSlots() {
    List<Dependencies.Slot> slots = new ArrayList<>();
    for (int i = 0; i < nanos.length; i++) {
      slots.add(new Dependencies.Slot(lanes[i], starts[i], nanos[i]));
    }
    return slots;
  }
}
