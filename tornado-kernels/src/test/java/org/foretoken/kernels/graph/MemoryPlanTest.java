package org.foretoken.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.op.Add;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
  @Test
  void tensorsThatAreAliveTogetherNeverOverlap() {
    int sharing = 0;
    for (int seed = 0; seed < 40; seed++) {
      Graph graph = RandomGraphs.of(seed, 10 + 5 * seed);
      MemoryPlan plan = MemoryPlan.of(graph);
      List<Tensor> placed = graph.tensors().stream().filter(t -> plan.offset(t) >= 0).toList();
      assertThat(placed).isNotEmpty();
      for (Tensor a : placed) {
        assertThat(plan.offset(a) % MemoryPlan.ALIGNMENT).isZero();
        assertThat(plan.end(a)).isLessThanOrEqualTo(plan.peakBytes());
        assertThat(plan.end(a) - plan.offset(a)).isGreaterThanOrEqualTo(a.bytes());
        for (Tensor b : placed) {
          if (a != b && plan.offset(a) < plan.end(b) && plan.offset(b) < plan.end(a)) {
            sharing++;
            if (!isBefore(graph, a, b) && !isBefore(graph, b, a)) {
              fail("%s and %s of %s are alive together and overlap", a, b, graph.name());
            }
          }
        }
      }
    }
    assertThat(sharing).isGreaterThan(1000);
  }

  /** Whether every node that touches {@code a} comes before every node that touches {@code b}. */
  private static boolean isBefore(Graph graph, Tensor a, Tensor b) {
    List<Integer> ofA = users(graph, a);
    List<Integer> ofB = users(graph, b);
    return ofA.getLast() < ofB.getFirst();
  }

  private static List<Integer> users(Graph graph, Tensor t) {
    List<Integer> users = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (node.reads().contains(t) || node.writes().contains(t)) {
        users.add(node.index());
      }
    }
    return users;
  }

  @Test
  void everyTransientThatIsWrittenIsPlacedAndNoResidentIs() {
    Graph graph = RandomGraphs.of(1, 100);
    Tensor unused = graph.transientTensor("unused", DType.F32, 5);
    MemoryPlan plan = MemoryPlan.of(graph);
    for (Tensor t : graph.tensors()) {
      boolean expected = t.role() == Role.TRANSIENT && t != unused;
      assertThat(plan.offset(t) >= 0).as(t.toString()).isEqualTo(expected);
    }
    assertThat(plan.firstNode(unused)).isEqualTo(-1);
  }

  @Test
  void aChainOfEqualTensorsTakesTwo() {
    Graph graph = new Graph("chain");
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, 1000);
    for (int i = 0; i < 50; i++) {
      Tensor y = graph.transientTensor("y", DType.F32, 1000);
      graph.add("add", new Add(), List.of(x, x), List.of(y));
      x = y;
    }
    MemoryPlan plan = MemoryPlan.of(graph);
    assertThat(plan.peakBytes()).isEqualTo(2 * 4032);
    assertThat(plan.bytesWithoutReuse()).isEqualTo(50 * 4032);
  }

  @Test
  void slabIsNeverSmallerThanWhatIsAliveAtOnce() {
    long slabs = 0;
    long withoutReuse = 0;
    for (int seed = 100; seed < 120; seed++) {
      Graph graph = RandomGraphs.of(seed, 80);
      MemoryPlan plan = MemoryPlan.of(graph);
      long most = 0;
      for (Node node : graph.nodes()) {
        long alive = 0;
        for (Tensor t : graph.tensors()) {
          if (plan.offset(t) >= 0
              && plan.firstNode(t) <= node.index()
              && node.index() <= plan.lastNode(t)) {
            alive += plan.end(t) - plan.offset(t);
          }
        }
        most = Math.max(most, alive);
      }
      assertThat(plan.peakBytes()).isBetween(most, plan.bytesWithoutReuse());
      assertThat(plan.peakBytes()).isLessThan(most * 3 / 2);
      slabs += plan.peakBytes();
      withoutReuse += plan.bytesWithoutReuse();
    }
    assertThat(slabs).isLessThan(withoutReuse / 2);
  }
}
