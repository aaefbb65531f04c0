package org.foretoken.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.foretoken.kernels.graph.Dependencies.Edge;
import org.foretoken.kernels.graph.Dependencies.Hazard;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.Zero;
import org.junit.jupiter.api.Test;

class DependenciesTest {
  @Test
  void hazardsAreFoundWithTheirReasons() {
    Graph graph = new Graph("g");
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, 4);
    Tensor a = graph.transientTensor("a", DType.F32, 4);
    Tensor b = graph.transientTensor("b", DType.F32, 4);
    Tensor sum = graph.declare("sum", DType.F32, Role.OUTPUT, 1);
    graph.add("0", new Add(), List.of(x, x), List.of(a));
    graph.add("1", new Add(), List.of(a, x), List.of(b));
    graph.add("2", new Zero(), List.of(), List.of(a));
    graph.add("3", new SumSquares(), List.of(a), List.of(sum));
    graph.add("4", new SumSquares(), List.of(b), List.of(sum));
    graph.add("5", new Add(), List.of(b, b), List.of(b));
    Dependencies d = Dependencies.of(graph);
    assertThat(d.edges())
        .containsExactlyInAnyOrder(
            new Edge(0, 1, Hazard.READ_AFTER_WRITE, a),
            new Edge(1, 2, Hazard.WRITE_AFTER_READ, a),
            new Edge(0, 2, Hazard.WRITE_AFTER_WRITE, a),
            new Edge(2, 3, Hazard.READ_AFTER_WRITE, a),
            new Edge(1, 4, Hazard.READ_AFTER_WRITE, b),
            new Edge(3, 4, Hazard.WRITE_AFTER_WRITE, sum),
            new Edge(1, 5, Hazard.READ_AFTER_WRITE, b),
            new Edge(1, 5, Hazard.READ_AFTER_WRITE, b),
            new Edge(4, 5, Hazard.WRITE_AFTER_READ, b),
            new Edge(1, 5, Hazard.WRITE_AFTER_WRITE, b));
    assertThat(d.predecessors(4)).containsExactly(1, 3);
    assertThat(IntStream.range(0, 6).map(d::level)).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void independentNodesShareALevelAndOverlap() {
    Graph graph = new Graph("q, k and v");
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, 4);
    List<Tensor> projections = new ArrayList<>();
    for (String name : List.of("q", "k", "v")) {
      Tensor t = graph.transientTensor(name, DType.F32, 4);
      graph.add(name, new Add(), List.of(x, x), List.of(t));
      projections.add(t);
    }
    Tensor scores = graph.transientTensor("scores", DType.F32, 4);
    Tensor o = graph.declare("o", DType.F32, Role.OUTPUT, 4);
    graph.add("scores", new Add(), projections.subList(0, 2), List.of(scores));
    graph.add("o", new Add(), List.of(scores, projections.get(2)), List.of(o));
    Dependencies d = Dependencies.of(graph, MemoryPlan.of(graph));
    assertThat(d.levels().stream().map(level -> level.stream().map(Node::label).toList()))
        .containsExactly(List.of("q", "k", "v"), List.of("scores"), List.of("o"));
    long[] nanos = {10, 30, 25, 5, 7};
    assertThat(d.criticalPath(nanos).stream().map(Node::label)).containsExactly("k", "scores", "o");
    assertThat(d.makespan(nanos, 1)).isEqualTo(77);
    assertThat(d.makespan(nanos, 2)).isEqualTo(10 + 25 + 7);
    assertThat(d.makespan(nanos, 3)).isEqualTo(30 + 5 + 7);
  }

  @Test
  void anyOrderThatRespectsThemGivesTheSameResultInSharedMemory() {
    int changedByIgnoringReuse = 0;
    for (int seed = 0; seed < 40; seed++) {
      Graph graph = RandomGraphs.of(seed, 60);
      MemoryPlan plan = MemoryPlan.of(graph);
      List<Integer> program = IntStream.range(0, graph.nodes().size()).boxed().toList();
      Map<String, Long> expected = simulate(graph, plan, program);
      for (int order = 0; order < 10; order++) {
        Random random = new Random(1000L * seed + order);
        List<Integer> shuffled = shuffled(graph, Dependencies.of(graph, plan), random);
        assertThat(simulate(graph, plan, shuffled)).as(graph.name()).isEqualTo(expected);
        List<Integer> careless = shuffled(graph, Dependencies.of(graph), random);
        changedByIgnoringReuse += simulate(graph, plan, careless).equals(expected) ? 0 : 1;
      }
    }
    assertThat(changedByIgnoringReuse).isGreaterThan(100);
  }

  @Test
  void schedulesRespectDependenciesAndWorkers() {
    for (int seed = 0; seed < 10; seed++) {
      Graph graph = RandomGraphs.of(seed, 80);
      Dependencies d = Dependencies.of(graph, MemoryPlan.of(graph));
      long[] nanos = new Random(seed).longs(graph.nodes().size(), 1, 100).toArray();
      for (int workers = 1; workers <= 3; workers++) {
        List<Dependencies.Slot> slots = d.schedule(nanos, workers);
        long[] busyUntil = new long[workers];
        for (int i = 0; i < slots.size(); i++) {
          Dependencies.Slot slot = slots.get(i);
          assertThat(slot.start()).isGreaterThanOrEqualTo(busyUntil[slot.worker()]);
          busyUntil[slot.worker()] = slot.start() + slot.nanos();
          for (int p : d.predecessors(i)) {
            assertThat(slots.get(p).start() + nanos[p]).isLessThanOrEqualTo(slot.start());
          }
        }
        long critical = d.criticalPath(nanos).stream().mapToLong(n -> nanos[n.index()]).sum();
        assertThat(d.makespan(nanos, workers)).isBetween(critical, Arrays.stream(nanos).sum());
      }
      assertThat(d.makespan(nanos, 1)).isEqualTo(Arrays.stream(nanos).sum());
    }
  }

  /** A random order in which every node comes after its predecessors. */
  private static List<Integer> shuffled(Graph graph, Dependencies d, Random random) {
    Set<Integer> order = new LinkedHashSet<>();
    List<Integer> waiting =
        new ArrayList<>(IntStream.range(0, graph.nodes().size()).boxed().toList());
    while (!waiting.isEmpty()) {
      List<Integer> ready =
          waiting.stream().filter(i -> order.containsAll(d.predecessors(i))).toList();
      Integer next = ready.get(random.nextInt(ready.size()));
      order.add(next);
      waiting.remove((Object) next);
    }
    return List.copyOf(order);
  }

  /**
   * Runs nodes that hash what they read into what they write, transients in the plan's slab, and
   * returns a hash of each resident tensor.
   */
  private static Map<String, Long> simulate(Graph graph, MemoryPlan plan, List<Integer> order) {
    long[] slab = new long[(int) (plan.peakBytes() / MemoryPlan.ALIGNMENT)];
    Map<String, Long> residents = new HashMap<>();
    for (int index : order) {
      Node node = graph.nodes().get(index);
      long hash = node.op().name().hashCode();
      for (Tensor t : node.reads()) {
        hash = 31 * hash + value(t, plan, slab, residents);
      }
      for (int i = 0; i < node.writes().size(); i++) {
        Tensor t = node.out(i);
        long old = node.updates(i) ? value(t, plan, slab, residents) : 0;
        long written = 31 * hash + 7 * old + i;
        if (t.role().resident()) {
          residents.put(t.name(), written);
        } else {
          Arrays.fill(slab, cell(plan.offset(t)), cell(plan.end(t)), written);
        }
      }
    }
    return residents;
  }

  private static long value(Tensor t, MemoryPlan plan, long[] slab, Map<String, Long> residents) {
    if (t.role().resident()) {
      return residents.getOrDefault(t.name(), (long) t.name().hashCode());
    }
    return Arrays.hashCode(Arrays.copyOfRange(slab, cell(plan.offset(t)), cell(plan.end(t))));
  }

  private static int cell(long bytes) {
    return (int) (bytes / MemoryPlan.ALIGNMENT);
  }
}
