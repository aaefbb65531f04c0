package org.foretoken.kernels.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.kernels.graph.Dependencies;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Node;

/**
 * The stages of a graph's run: a node that fills all threads by itself, or nodes too small for that
 * which run beside each other.
 *
 * <p>Small nodes go into the earliest stage that what they depend on allows; memory that transients
 * share counts as a dependency. A stage of small nodes is split up again where running one after
 * the other, each on all threads, would be about as fast: a chain has nothing to overlap.
 */
final class HostSchedule {
  /** A node that is estimated to take longer gains more from all threads than from company. */
  static final long SMALL_NANOS = 40_000;

  /** What starting a parallel loop costs, and handing a node to another thread. */
  private static final long FORK_NANOS = 2_000;

  private static final long HANDOVER_NANOS = 200;

  /** How much sooner a stage has to be done for its nodes to overlap. */
  private static final double WORTH = 0.9;

  private final Dependencies dependencies;
  private final List<int[]> stages = new ArrayList<>();

  private HostSchedule(Dependencies dependencies) {
    this.dependencies = dependencies;
  }

  /**
   * Lays out a graph.
   *
   * @param nanos estimated time of each node on one thread
   * @param alone nodes that nothing may run beside
   */
  static HostSchedule of(Graph graph, MemoryPlan plan, long[] nanos, boolean[] alone, int threads) {
    HostSchedule schedule = new HostSchedule(Dependencies.of(graph, plan));
    List<List<Integer>> packed = schedule.pack(graph, nanos, alone);
    for (List<Integer> stage : packed) {
      int[] nodes = stage.stream().mapToInt(i -> i).toArray();
      if (nodes.length > 1 && schedule.overlaps(nodes, nanos, threads)) {
        schedule.stages.add(nodes);
      } else {
        for (int node : nodes) {
          schedule.stages.add(new int[] {node});
        }
      }
    }
    return schedule;
  }

  /** Stage 2k holds small nodes, stage 2k + 1 the k-th node that is not small. */
  private List<List<Integer>> pack(Graph graph, long[] nanos, boolean[] alone) {
    List<List<Integer>> packed = new ArrayList<>();
    packed.add(new ArrayList<>());
    int[] stageOf = new int[nanos.length];
    for (Node node : graph.nodes()) {
      int i = node.index();
      if (alone[i] || nanos[i] > SMALL_NANOS) {
        stageOf[i] = packed.size();
        packed.add(List.of(i));
        packed.add(new ArrayList<>());
        continue;
      }
      for (int before : dependencies.predecessors(i)) {
        int after = stageOf[before] + (stageOf[before] % 2);
        stageOf[i] = Math.max(stageOf[i], after);
      }
      packed.get(stageOf[i]).add(i);
    }
    return packed;
  }

  private boolean overlaps(int[] nodes, long[] nanos, int threads) {
    if (threads == 1) {
      return false;
    }
    long inOrder = 0;
    long[] done = new long[nanos.length];
    long[] free = new long[threads];
    for (int node : nodes) {
      inOrder += Math.min(nanos[node], nanos[node] / threads + FORK_NANOS);
      long ready = 0;
      for (int before : dependencies.predecessors(node)) {
        ready = Math.max(ready, done[before]); // 0 for those of other stages
      }
      int lane = 0;
      for (int l = 1; l < threads; l++) {
        lane = Math.max(ready, free[l]) < Math.max(ready, free[lane]) ? l : lane;
      }
      done[node] = Math.max(ready, free[lane]) + nanos[node] + HANDOVER_NANOS;
      free[lane] = done[node];
    }
    long overlapped = FORK_NANOS + Arrays.stream(free).max().orElse(0);
    return overlapped < WORTH * inOrder;
  }

  /** Nodes of each stage, ascending; stages run one after the other. */
  List<int[]> stages() {
    return stages;
  }

  /** What node {@code index} waits for, in whichever stage. */
  List<Integer> predecessors(int index) {
    return dependencies.predecessors(index);
  }
}
