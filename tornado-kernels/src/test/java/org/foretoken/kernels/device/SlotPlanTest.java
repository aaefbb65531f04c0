package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.junit.jupiter.api.Test;

class SlotPlanTest {
  @Test
  void tensorsThatAreAliveTogetherNeverShareAnArray() {
    for (int seed = 0; seed < 50; seed++) {
      Graph graph = random(seed);
      SlotPlan plan = SlotPlan.of(graph, NodeFusion.of(graph, GemmRoads.jit()));
      for (Tensor a : transients(graph)) {
        assertThat(plan.capacities(ArrayType.FLOAT).get(plan.slot(a)))
            .isGreaterThanOrEqualTo(a.shape().elements());
        for (Tensor b : transients(graph)) {
          if (a != b && plan.slot(a) == plan.slot(b)) {
            assertThat(last(graph, a) < first(graph, b) || last(graph, b) < first(graph, a))
                .as("seed %d: %s and %s", seed, a, b)
                .isTrue();
          }
        }
      }
      assertThat(plan.peakBytes()).isLessThanOrEqualTo(plan.bytesWithoutReuse());
    }
  }

  @Test
  void aChainNeedsTwoArrays() {
    Graph graph = new Graph("chain");
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, 10);
    Tensor t = x;
    for (int i = 0; i < 20; i++) {
      Tensor next = graph.transientTensor("t", DType.F32, 10);
      graph.add("add" + i, new Add(), List.of(t, x), List.of(next));
      t = next;
    }
    assertThat(
            SlotPlan.of(graph, NodeFusion.of(graph, GemmRoads.jit())).capacities(ArrayType.FLOAT))
        .containsExactly(10L, 10L);
  }

  private static Graph random(long seed) {
    Random random = new Random(seed);
    Graph graph = new Graph("random");
    List<List<Tensor>> bySize = new ArrayList<>();
    for (int size : new int[] {3, 10, 40}) {
      bySize.add(new ArrayList<>(List.of(graph.declare("x" + size, DType.F32, Role.INPUT, size))));
    }
    for (int i = 0; i < 40; i++) {
      List<Tensor> known = bySize.get(random.nextInt(bySize.size()));
      Tensor a = known.get(random.nextInt(known.size()));
      Tensor b = known.get(known.size() - 1);
      Tensor y = graph.transientTensor("t", DType.F32, a.rows());
      graph.add("add" + i, new Add(), List.of(a, b), List.of(y));
      known.add(y);
    }
    return graph;
  }

  private static List<Tensor> transients(Graph graph) {
    return graph.tensors().stream().filter(t -> t.role() == Role.TRANSIENT).toList();
  }

  private static int first(Graph graph, Tensor tensor) {
    return touching(graph, tensor).getFirst().index();
  }

  private static int last(Graph graph, Tensor tensor) {
    return touching(graph, tensor).getLast().index();
  }

  private static List<Node> touching(Graph graph, Tensor tensor) {
    return graph.nodes().stream()
        .filter(n -> n.reads().contains(tensor) || n.writes().contains(tensor))
        .toList();
  }
}
