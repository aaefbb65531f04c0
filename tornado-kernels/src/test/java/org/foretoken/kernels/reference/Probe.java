package org.foretoken.kernels.reference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Op;

/**
 * A small graph of forward and gradient operations on random doubles. Its loss is a random linear
 * functional of the outputs that have one: the sum of dy * y.
 */
final class Probe {
  private record Term(String y, String dy) {}

  final Graph graph = new Graph("probe");
  final ReferenceBackend backend;
  private final Random random;
  private final Map<String, double[]> reals = new LinkedHashMap<>();
  private final Map<String, int[]> integers = new LinkedHashMap<>();
  private final List<Term> terms = new ArrayList<>();
  private Executable executable;

  Probe(long seed) {
    this(seed, true);
  }

  Probe(long seed, boolean exactProducts) {
    random = new Random(seed);
    backend = new ReferenceBackend(exactProducts);
  }

  /** A resident F32 tensor of normally distributed doubles. */
  Tensor real(String name, int... dims) {
    Tensor t = zero(name, dims);
    double[] values = new double[(int) t.shape().elements()];
    java.util.Arrays.setAll(values, i -> random.nextGaussian());
    reals.put(name, values);
    return t;
  }

  Tensor values(String name, double... values) {
    Tensor t = zero(name, values.length);
    reals.put(name, values);
    return t;
  }

  Tensor zero(String name, int... dims) {
    return graph.declare(name, DType.F32, Role.STATE, dims);
  }

  Tensor ints(String name, int... values) {
    Tensor t = graph.declare(name, DType.I32, Role.INPUT, values.length);
    integers.put(name, values);
    return t;
  }

  Tensor[] node(Op op, List<Tensor> reads, Tensor... writes) {
    graph.add(op.name() + graph.nodes().size(), op, reads, List.of(writes));
    return writes;
  }

  /** Adds dy * y to the loss; returns dy. */
  Tensor functional(Tensor y) {
    Tensor dy = real("d." + y.name(), y.shape().dims());
    terms.add(new Term(y.name(), dy.name()));
    return dy;
  }

  /** Runs the graph and returns the loss. */
  double run() {
    if (executable == null) {
      executable = backend.compile(graph);
      reals.forEach((name, v) -> System.arraycopy(v, 0, backend.values(name), 0, v.length));
      integers.forEach((name, v) -> System.arraycopy(v, 0, backend.integers(name), 0, v.length));
    }
    executable.run();
    double loss = 0;
    for (Term term : terms) {
      double[] y = backend.values(term.y);
      double[] dy = backend.values(term.dy);
      for (int i = 0; i < y.length; i++) {
        loss += y[i] * dy[i];
      }
    }
    return loss;
  }

  double[] result(Tensor t) {
    return backend.values(t.name());
  }

  /** Gradients of parameter, gradient, parameter, gradient, ... compared with differences. */
  List<GradientCheck.Result> check(Tensor... pairs) {
    Map<String, String> gradientOf = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      gradientOf.put(pairs[i].name(), pairs[i + 1].name());
    }
    return new GradientCheck(backend, this::run).gradients(gradientOf);
  }
}
