package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Dependencies;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.RandomGraphs;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small operations beside each other: the same bits, nothing before what it waits for. */
class HostOverlapTest {
  private final HostPool pool = new HostPool(3);

  @AfterEach
  void close() {
    pool.close();
  }

  private Map<String, byte[]> results(Graph graph, boolean overlap, int runs) {
    Map<String, byte[]> results = new LinkedHashMap<>();
    try (HostBackend backend = new HostBackend(pool, overlap, false)) {
      Executable executable = backend.compile(graph);
      for (Tensor t : graph.tensors()) {
        if (t.role().resident()) {
          int n = Math.toIntExact(t.shape().elements());
          MemorySegment values = MemorySegment.ofArray(OneOp.random(t.id(), n, 1));
          backend.upload(t.name(), values);
        }
      }
      for (int run = 0; run < runs; run++) {
        executable.run();
      }
      for (Tensor t : backend.residents()) {
        results.put(t.name(), backend.segment(t.name()).toArray(ValueLayout.JAVA_BYTE));
      }
    }
    return results;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void overlappedRunsGiveTheSameBits(long seed) {
    Graph graph = RandomGraphs.of(seed, 120);
    Map<String, byte[]> expected = results(graph, false, 20);
    Map<String, byte[]> found = results(graph, true, 20);
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
  }

  @Test
  void randomGraphsDoOverlap() {
    Graph graph = RandomGraphs.of(1, 120);
    long[] nanos = new long[graph.nodes().size()];
    Arrays.fill(nanos, 5_000);
    List<int[]> stages = stages(graph, nanos, new boolean[nanos.length], 2);
    assertThat(stages).anyMatch(stage -> stage.length > 10);
  }

  private static List<int[]> stages(Graph graph, long[] nanos, boolean[] alone, int threads) {
    return HostSchedule.of(graph, MemoryPlan.of(graph), nanos, alone, threads).stages();
  }

  @ParameterizedTest
  @ValueSource(longs = {7, 8, 9})
  void stagesKeepEveryDependency(long seed) {
    Graph graph = RandomGraphs.of(seed, 200);
    int count = graph.nodes().size();
    long[] nanos = new long[count];
    boolean[] alone = new boolean[count];
    for (int i = 0; i < count; i++) {
      nanos[i] = i % 13 == 0 ? 2 * HostSchedule.SMALL_NANOS : 5_000;
      alone[i] = i % 17 == 0;
    }
    int[] stageOf = new int[count];
    List<int[]> stages = stages(graph, nanos, alone, 4);
    List<Integer> all = new ArrayList<>();
    for (int s = 0; s < stages.size(); s++) {
      for (int node : stages.get(s)) {
        stageOf[node] = s;
        all.add(node);
        assertThat(alone[node] && stages.get(s).length > 1).isFalse();
      }
    }
    assertThat(all).hasSize(count).doesNotHaveDuplicates();
    for (Dependencies.Edge e : Dependencies.of(graph, MemoryPlan.of(graph)).edges()) {
      assertThat(stageOf[e.from()]).as(e.toString()).isLessThanOrEqualTo(stageOf[e.to()]);
    }
  }

  @Test
  void oneThreadHasNothingToOverlap() {
    Graph graph = RandomGraphs.of(1, 60);
    long[] nanos = new long[graph.nodes().size()];
    assertThat(stages(graph, nanos, new boolean[nanos.length], 1)).allMatch(s -> s.length == 1);
  }

  @Test
  void aNodeStartsWhenAllThatItWaitsForIsDone() {
    int n = 200;
    int[] nodes = new int[n];
    for (int i = 0; i < n; i++) {
      nodes[i] = 10 + i;
    }
    Map<Integer, Boolean> done = new ConcurrentHashMap<>();
    ConcurrentLinkedQueue<String> early = new ConcurrentLinkedQueue<>();
    HostStage stage =
        new HostStage(
            nodes,
            HostOverlapTest::before,
            pool,
            (node, lane) -> {
              for (int b : before(node)) {
                if (b >= 10 && !done.containsKey(b)) {
                  early.add(node + " before " + b);
                }
              }
              done.put(node, true);
            });
    for (int run = 0; run < 200; run++) {
      done.clear();
      stage.run();
      assertThat(done).hasSize(n);
    }
    assertThat(early).isEmpty();
  }

  /** Each node waits for three before it, some of them in stages before. */
  private static List<Integer> before(int node) {
    return List.of(node / 2, node - 7, node - 3 - node % 5).stream()
        .filter(b -> b >= 0 && b < node)
        .distinct()
        .toList();
  }

  @Test
  void theFirstFailureIsThrownAndTheStageCanRunAgain() {
    int[] nodes = {0, 1, 2, 3, 4, 5, 6, 7};
    boolean[] fail = {true};
    HostStage stage =
        new HostStage(
            nodes,
            node -> node == 0 ? List.of() : List.of(node - 1),
            pool,
            (node, lane) -> {
              if (fail[0] && node == 3) {
                throw new IllegalStateException("node 3");
              }
              assertThat(fail[0] && node > 3).isFalse();
            });
    assertThatThrownBy(stage::run).isInstanceOf(IllegalStateException.class).hasMessage("node 3");
    fail[0] = false;
    stage.run();
  }

  @Test
  void aTraceShowsLanesAndTimesAsTheyWere() {
    Graph graph = new Graph("pairs");
    for (int i = 0; i < 40; i++) {
      Tensor x = graph.declare("x" + i, DType.F32, Role.INPUT, 3000);
      Tensor y = graph.declare("y" + i, DType.F32, Role.OUTPUT, 3000);
      graph.add("add", new Add(), List.of(x, x), List.of(y));
    }
    try (HostBackend backend = new HostBackend(pool, true, true)) {
      Executable executable = backend.compile(graph);
      executable.run();
      List<Dependencies.Slot> slots = executable.nodeSlots();
      assertThat(slots).hasSize(40).allMatch(s -> s.start() >= 0 && s.nanos() > 0);
      assertThat(slots).allMatch(s -> s.worker() >= 0 && s.worker() < 3);
      for (Dependencies.Slot a : slots) {
        assertThat(slots)
            .filteredOn(b -> b != a && b.worker() == a.worker() && b.start() >= a.start())
            .allMatch(b -> b.start() >= a.start() + a.nanos());
      }
    }
  }
}
