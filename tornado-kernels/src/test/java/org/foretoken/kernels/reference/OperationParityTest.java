package org.foretoken.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Op;
import org.junit.jupiter.api.Test;

/** The catalog of single operations, and the harness that compares backends on it. */
class OperationParityTest {
  /** The reference with one wrong element in everything that is read back. */
  private static final class Broken implements Backend {
    private final ReferenceBackend backend = new ReferenceBackend();

    @Override
    public String name() {
      return "broken";
    }

    @Override
    public String description() {
      return "flips two bits of the last element";
    }

    @Override
    public Executable compile(Graph graph) {
      return backend.compile(graph);
    }

    @Override
    public void upload(String tensor, MemorySegment source) {
      backend.upload(tensor, source);
    }

    @Override
    public void download(String tensor, MemorySegment target) {
      backend.download(tensor, target);
      long last = target.byteSize() - 1;
      target.set(
          ValueLayout.JAVA_BYTE, last, (byte) (target.get(ValueLayout.JAVA_BYTE, last) ^ 0x48));
    }

    @Override
    public Collection<Tensor> residents() {
      return backend.residents();
    }

    @Override
    public void close() {
      backend.close();
    }
  }

  @Test
  void everyOperationIsInTheCatalogAndEveryNameOnce() {
    Set<Class<?>> operations = new HashSet<>();
    Set<String> names = new HashSet<>();
    for (OperationCase c : OperationCases.all()) {
      operations.add(c.node().op().getClass());
      assertThat(names.add(c.name())).as("name '%s' is new", c.name()).isTrue();
    }
    assertThat(operations).containsExactlyInAnyOrder(Op.class.getPermittedSubclasses());
  }

  @Test
  void theReferenceEqualsItselfAndWritesEveryOutput() {
    for (OperationCase c : OperationCases.of(7, 207)) {
      try (ReferenceBackend backend = new ReferenceBackend();
          ReferenceBackend other = new ReferenceBackend()) {
        assertThat(OperationParity.run(c, backend, other))
            .hasSameSizeAs(c.node().writes())
            .allSatisfy(r -> assertThat(r.error().mismatches()).isZero());
        for (Tensor t : c.node().writes()) {
          double sum =
              t.dtype() == DType.I32
                  ? Arrays.stream(backend.integers(t.name())).sum()
                  : Arrays.stream(backend.values(t.name())).sum();
          assertThat(sum).as("%s, %s", c, t).isFinite();
        }
      }
    }
  }

  @Test
  void oneWrongElementIsFound() {
    for (OperationCase c : OperationCases.of(7, 13)) {
      try (Broken broken = new Broken();
          ReferenceBackend reference = new ReferenceBackend()) {
        assertThat(OperationParity.run(c, broken, reference))
            .allSatisfy(r -> assertThat(r.passed()).as(r.toString()).isFalse());
      }
    }
  }

  @Test
  void errorsAreThoseOfTheDefinition() {
    double[] x = {3, -4, 0, 1};
    double[] y = {3, -4, 0.5, 1};
    TensorError error = TensorError.between(x, y);
    double dot = 9 + 16 + 1;
    assertThat(error.similarity()).isCloseTo(1 - 2 * dot / (dot + dot + 0.25), within(1e-15));
    assertThat(error.max()).isEqualTo(0.5 / 4);
    assertThat(error.mismatches()).isEqualTo(1);
    assertThat(error.worstIndex()).isEqualTo(2);
    double[] nan = {3, Double.NaN, 0, 1};
    assertThat(TensorError.between(x, nan).max()).isInfinite();
    assertThat(TensorError.between(nan, nan).mismatches()).isZero();
    assertThat(TensorError.between(new double[] {0.0}, new double[] {-0.0}))
        .matches(e -> e.mismatches() == 1 && e.max() == 0 && e.similarity() == 0);
    assertThat(TensorError.between(new double[] {0}, new double[] {1e-30}).max()).isInfinite();
    for (double[] equal : List.of(x, y)) {
      assertThat(OperationTolerance.EXACT.allows(TensorError.between(equal, equal))).isTrue();
    }
  }
}
