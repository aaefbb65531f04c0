package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HostBackendTest {
  private final HostPool pool = new HostPool(2);
  private final HostBackend backend = new HostBackend(pool, true);

  @AfterEach
  void close() {
    backend.close();
    pool.close();
  }

  private static Graph doubling(String name, int n) {
    Graph g = new Graph(name);
    Tensor x = g.declare("x", DType.F32, Role.INPUT, n);
    Tensor t = g.transientTensor("t", DType.F32, n);
    Tensor y = g.declare("y", DType.F32, Role.OUTPUT, n);
    g.add("double", new Add(), List.of(x, x), List.of(t));
    g.add("again", new Add(), List.of(t, t), List.of(y));
    return g;
  }

  @Test
  void residentTensorsStartAtZeroAndAreSharedByName() {
    Executable first = backend.compile(doubling("first", 1000));
    Executable second = backend.compile(doubling("second", 1000));
    assertThat(backend.residents()).extracting(Tensor::name).containsExactly("x", "y");
    assertThat(backend.segment("x").toArray(ValueLayout.JAVA_FLOAT)).containsOnly(0f);
    assertThat(backend.segment("x").address() % 64).isZero();
    backend.upload("x", MemorySegment.ofArray(OneOp.random(1, 1000, 1)));
    first.run();
    float[] y = new float[1000];
    backend.download("y", MemorySegment.ofArray(y));
    float[] x = OneOp.random(1, 1000, 1);
    for (int i = 0; i < 1000; i++) {
      assertThat(y[i]).isEqualTo(4 * x[i]);
    }
    backend.segment("y").fill((byte) 1);
    second.run();
    backend.download("y", MemorySegment.ofArray(x));
    assertThat(x).isEqualTo(y);
  }

  @Test
  void tracesEachNode() {
    Executable e = backend.compile(doubling("g", 100_000));
    assertThat(e.nodeNanos()).containsExactly(0, 0);
    e.run();
    assertThat(e.nodeNanos()).hasSize(2).doesNotContain(0);
    assertThat(backend.name()).isEqualTo("host");
    assertThat(backend.description()).contains("2 threads").contains("-bit vectors");
  }

  @Test
  void matMulInAllLayouts() {
    int m = 13;
    int n = 21;
    int k = 40;
    float[] a = OneOp.random(1, m * k, 1);
    float[] b = OneOp.random(2, n * k, 1);
    float[] c = OneOp.random(3, m * n, 1);
    for (Layout layout : Layout.values()) {
      boolean ta = layout == Layout.TN;
      boolean tb = layout == Layout.NT;
      double[] expected = new double[m * n];
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = c[i * n + j];
          for (int p = 0; p < k; p++) {
            sum += (double) a[ta ? p * m + i : i * k + p] * b[tb ? j * k + p : p * n + j];
          }
          expected[i * n + j] = sum;
        }
      }
      float[] found =
          new OneOp(new MatMul(layout, Precision.F32, true))
              .in("a", a, ta ? k : m, ta ? m : k)
              .in("b", b, tb ? n : k, tb ? k : n)
              .update("c", c, m, n)
              .run(2)
              .get("c");
      Close.check(layout.name(), found, expected, 1e-6);
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    backend.compile(doubling("first", 10));
    assertThatThrownBy(() -> backend.compile(doubling("other", 11)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("expected as 'x F32[10]'")
        .hasMessageContaining("found 'x F32[11]'");
    assertThatThrownBy(() -> backend.upload("nothing", MemorySegment.ofArray(new float[10])))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("no resident tensor named 'nothing'");
    assertThatThrownBy(() -> backend.download("x", MemorySegment.ofArray(new float[9])))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("expected 40 bytes, found 36");
  }

  @Test
  void moreMemoryThanTheMachineHasIsAnErrorOfOneLine() {
    Graph g = new Graph("huge");
    for (int i = 0; i < 3000; i++) {
      g.declare("t" + i, DType.F32, Role.STATE, 1 << 30, 64);
    }
    assertThatThrownBy(() -> backend.compile(g))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("graph 'huge', tensor 't0 F32")
        .hasMessageContaining("MiB")
        .message()
        .hasLineCount(1);
  }

  @Test
  void aClosedBackendRunsNothing() {
    HostBackend other = new HostBackend(pool, false);
    Executable e = other.compile(doubling("g", 10));
    e.run();
    other.close();
    assertThatThrownBy(e::run)
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("graph 'g': run after its host backend was closed");
  }
}
