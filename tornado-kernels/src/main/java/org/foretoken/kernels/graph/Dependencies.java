package org.foretoken.kernels.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which nodes of a graph have to wait for which, derived from what they read and write.
 *
 * <p>Nodes that no path connects may run at the same time and in any order with the same result,
 * bit for bit: updates of one tensor stay in program order. Where transients share memory (see
 * {@link MemoryPlan}), the nodes of the later tensor wait for those of the earlier one too.
 */
public final class Dependencies {
  /** Why a node waits. */
  public enum Hazard {
    /** It reads what the other writes. */
    READ_AFTER_WRITE,
    /** It overwrites what the other reads. */
    WRITE_AFTER_READ,
    /** It overwrites or updates what the other writes. */
    WRITE_AFTER_WRITE,
    /** It is the first to write a tensor in memory that the other still uses for another tensor. */
    MEMORY_REUSE
  }

  /**
   * Node {@code to} waits for node {@code from}.
   *
   * @param tensor what both touch; for {@link Hazard#MEMORY_REUSE} the tensor of {@code from}
   */
  public record Edge(int from, int to, Hazard hazard, Tensor tensor) {}

  /** A tensor that lies in a piece of the slab, and the nodes that have touched it. */
  private record Occupant(Tensor tensor, long begin, long end, List<Integer> users) {}

  private final Graph graph;
  private final List<Edge> edges = new ArrayList<>();
  private final List<Set<Integer>> predecessors = new ArrayList<>();
  private final int[] levels;

  private Dependencies(Graph graph, MemoryPlan plan) {
    this.graph = graph;
    for (int i = 0; i < graph.nodes().size(); i++) {
      predecessors.add(new HashSet<>());
    }
    hazards();
    if (plan != null) {
      memoryReuse(plan);
    }
    levels = new int[predecessors.size()];
    for (int i = 0; i < levels.length; i++) {
      for (int p : predecessors.get(i)) {
        levels[i] = Math.max(levels[i], levels[p] + 1);
      }
    }
  }

  /** Dependencies through values alone: every tensor has memory of its own. */
  public static Dependencies of(Graph graph) {
    return new Dependencies(graph, null);
  }

  /** Dependencies through values and through the memory that transients share. */
  public static Dependencies of(Graph graph, MemoryPlan plan) {
    return new Dependencies(graph, plan);
  }

  private void hazards() {
    Map<Tensor, Integer> writer = new HashMap<>();
    Map<Tensor, List<Integer>> readers = new HashMap<>();
    for (Node node : graph.nodes()) {
      for (Tensor t : node.reads()) {
        if (writer.containsKey(t)) {
          add(writer.get(t), node.index(), Hazard.READ_AFTER_WRITE, t);
        }
      }
      for (Tensor t : node.writes()) {
        for (int reader : readers.getOrDefault(t, List.of())) {
          add(reader, node.index(), Hazard.WRITE_AFTER_READ, t);
        }
        if (writer.containsKey(t)) {
          add(writer.get(t), node.index(), Hazard.WRITE_AFTER_WRITE, t);
        }
      }
      for (Tensor t : node.reads()) {
        readers.computeIfAbsent(t, key -> new ArrayList<>()).add(node.index());
      }
      for (Tensor t : node.writes()) {
        writer.put(t, node.index());
        readers.remove(t);
      }
    }
  }

  private void memoryReuse(MemoryPlan plan) {
    Map<Tensor, Occupant> occupants = new HashMap<>();
    for (Node node : graph.nodes()) {
      for (Tensor t : node.writes()) {
        if (plan.offset(t) < 0 || plan.firstNode(t) != node.index() || occupants.containsKey(t)) {
          continue;
        }
        Occupant now = new Occupant(t, plan.offset(t), plan.end(t), new ArrayList<>());
        for (Occupant before : List.copyOf(occupants.values())) {
          if (before.begin < now.end && now.begin < before.end) {
            for (int user : before.users) {
              add(user, node.index(), Hazard.MEMORY_REUSE, before.tensor);
            }
            // Whoever comes next in this memory will wait for this node, and so for all of those.
            if (now.begin <= before.begin && before.end <= now.end) {
              occupants.remove(before.tensor);
            }
          }
        }
        occupants.put(t, now);
      }
      for (List<Tensor> operands : List.of(node.reads(), node.writes())) {
        for (Tensor t : operands) {
          if (occupants.containsKey(t)) {
            occupants.get(t).users.add(node.index());
          }
        }
      }
    }
  }

  private void add(int from, int to, Hazard hazard, Tensor tensor) {
    if (from != to) {
      edges.add(new Edge(from, to, hazard, tensor));
      predecessors.get(to).add(from);
    }
  }

  /** All dependencies with their reasons; a pair of nodes may have several. */
  public List<Edge> edges() {
    return Collections.unmodifiableList(edges);
  }

  /** The nodes that node {@code index} waits for, ascending. */
  public List<Integer> predecessors(int index) {
    return predecessors.get(index).stream().sorted().toList();
  }

  /** Length of the longest chain of nodes before node {@code index}. */
  public int level(int index) {
    return levels[index];
  }

  /** The nodes by level: those of one level may all run at the same time. */
  public List<List<Node>> levels() {
    List<List<Node>> byLevel = new ArrayList<>();
    for (Node node : graph.nodes()) {
      while (byLevel.size() <= levels[node.index()]) {
        byLevel.add(new ArrayList<>());
      }
      byLevel.get(levels[node.index()]).add(node);
    }
    return byLevel;
  }

  /**
   * The chain of nodes that takes longest: no number of workers finishes sooner.
   *
   * @param nanos time of each node by its index
   */
  public List<Node> criticalPath(long[] nanos) {
    int count = levels.length;
    long[] done = new long[count];
    int[] before = new int[count];
    int end = -1;
    for (int i = 0; i < count; i++) {
      before[i] = -1;
      for (int p : predecessors.get(i)) {
        if (before[i] < 0 || done[p] > done[before[i]]) {
          before[i] = p;
        }
      }
      done[i] = nanos[i] + (before[i] < 0 ? 0 : done[before[i]]);
      end = end < 0 || done[i] > done[end] ? i : end;
    }
    List<Node> path = new ArrayList<>();
    for (int i = end; i >= 0; i = before[i]) {
      path.add(graph.nodes().get(i));
    }
    Collections.reverse(path);
    return path;
  }

  /**
   * A schedule on {@code workers} workers: each node in program order starts as soon as all that it
   * waits for are done and a worker is free.
   *
   * @param nanos time of each node by its index
   * @return for each node its worker and start
   */
  public List<Slot> schedule(long[] nanos, int workers) {
    long[] free = new long[workers];
    long[] done = new long[levels.length];
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < levels.length; i++) {
      long ready = 0;
      for (int p : predecessors.get(i)) {
        ready = Math.max(ready, done[p]);
      }
      int worker = 0;
      for (int w = 1; w < workers; w++) {
        // The worker that lets the node start first; of those, the one that has idled least.
        long start = Math.max(ready, free[w]);
        long best = Math.max(ready, free[worker]);
        if (start < best || start == best && free[w] > free[worker]) {
          worker = w;
        }
      }
      long start = Math.max(ready, free[worker]);
      done[i] = start + nanos[i];
      free[worker] = done[i];
      slots.add(new Slot(worker, start, nanos[i]));
    }
    return slots;
  }

  /** Time that {@link #schedule} takes in all. */
  public long makespan(long[] nanos, int workers) {
    return schedule(nanos, workers).stream().mapToLong(s -> s.start() + s.nanos()).max().orElse(0);
  }

  /**
   * When and where a node runs.
   *
   * @param worker index of the worker
   * @param start nanoseconds since the start of the run
   * @param nanos nanoseconds the node takes
   */
  public record Slot(int worker, long start, long nanos) {}

  @Override
  public String toString() {
    return "dependencies of '"
        + graph.name()
        + "': "
        + edges.size()
        + " edges, "
        + (Arrays.stream(levels).max().orElse(-1) + 1)
        + " levels, "
        + levels.length
        + " nodes";
  }
}
