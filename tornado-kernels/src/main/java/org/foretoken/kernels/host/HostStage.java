package org.foretoken.kernels.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntFunction;

/**
 * Small nodes that run beside each other, each on one thread, as soon as what they wait for is
 * done.
 *
 * <p>Values do not depend on who runs what and when: nodes that no dependency orders share nothing
 * that either writes. A thread goes on with the first node that its last one made ready, whose
 * operands are in its cache, and leaves the others to whoever is idle. Nothing is allocated while
 * it runs.
 */
final class HostStage {
  /** What is called for a node. */
  @FunctionalInterface
  interface Task {
    /**
     * Runs a node.
     *
     * @param node its index in the graph
     * @param lane the thread's number within the stage
     */
    void run(int node, int lane);
  }

  private static final int SPINS_BEFORE_YIELD = 2_000;

  private final HostPool pool;
  private final Task task;
  private final int[] nodes;
  private final int[][] successors; // by place in nodes
  private final int[] waits; // how many nodes of the stage each waits for
  private final AtomicIntegerArray pending;
  private final AtomicIntegerArray ready; // place of a node, or -1 while it is being put there
  private final AtomicInteger head = new AtomicInteger();
  private final AtomicInteger tail = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private volatile boolean failed;
  private final HostPool.Range body = this::lanes;

  /**
   * Creates a stage.
   *
   * @param nodes indices in the graph, ascending
   * @param predecessors what each node waits for, in this stage or before it
   */
  HostStage(int[] nodes, IntFunction<List<Integer>> predecessors, HostPool pool, Task task) {
    this.pool = pool;
    this.task = task;
    this.nodes = nodes;
    int n = nodes.length;
    waits = new int[n];
    List<List<Integer>> after = new ArrayList<>();
    for (int place = 0; place < n; place++) {
      after.add(new ArrayList<>());
      for (int before : predecessors.apply(nodes[place])) {
        int at = Arrays.binarySearch(nodes, before);
        if (at >= 0) {
          after.get(at).add(place);
          waits[place]++;
        }
      }
    }
    successors =
        after.stream().map(list -> list.stream().mapToInt(i -> i).toArray()).toArray(int[][]::new);
    pending = new AtomicIntegerArray(n);
    ready = new AtomicIntegerArray(n);
  }

  /** Runs all nodes; rethrows the first failure, after which no further node starts. */
  void run() {
    failed = false;
    done.set(0);
    head.set(0);
    tail.set(0);
    for (int place = 0; place < nodes.length; place++) {
      pending.set(place, waits[place]);
      ready.set(place, -1);
    }
    for (int place = 0; place < nodes.length; place++) {
      if (waits[place] == 0) {
        publish(place);
      }
    }
    pool.parallelFor(pool.threads(), 1, body);
  }

  private void publish(int place) {
    ready.set(tail.getAndIncrement(), place);
  }

  /** What one thread does; alone it does everything. */
  private void lanes(int from, int to) {
    for (int lane = from; lane < to; lane++) {
      int place = take();
      while (place >= 0) {
        try {
          task.run(nodes[place], lane);
        } catch (Throwable t) {
          failed = true;
          throw t;
        }
        int next = -1;
        for (int successor : successors[place]) {
          if (pending.decrementAndGet(successor) == 0) {
            if (next < 0) {
              next = successor;
            } else {
              publish(successor);
            }
          }
        }
        done.incrementAndGet();
        place = next >= 0 ? next : take();
      }
    }
  }

  /** A node that is ready, in the order in which they became so; -1 when all are done. */
  private int take() {
    for (int spins = 0; ; spins++) {
      int at = head.get();
      if (failed || done.get() == nodes.length) {
        return -1;
      }
      if (at < tail.get()) {
        if (head.compareAndSet(at, at + 1)) {
          return taken(at);
        }
      } else if (spins < SPINS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private int taken(int at) {
    int place = ready.get(at);
    while (place < 0) { // counted, and being written
      Thread.onSpinWait();
      place = ready.get(at);
    }
    return place;
  }
}
