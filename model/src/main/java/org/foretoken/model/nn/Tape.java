package org.foretoken.model.nn;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Op;

/**
 * Emits a model's operations into a graph and remembers how to emit their gradients.
 *
 * <p>A layer adds its forward operations and registers, with {@link #onBackward}, what adds its
 * backward ones; {@link #backward} runs the registrations in reverse. Gradients of parameters are
 * resident and are added to, so a tensor that several layers share receives the sum; gradients of
 * activations live within a run.
 */
public final class Tape {
  private final Graph graph;
  private final ModelLayout layout;
  private final PrecisionTable precision;
  private final boolean training;
  private final Deque<Runnable> backward = new ArrayDeque<>();
  private final Map<Tensor, Tensor> gradients = new HashMap<>();
  private final Set<Tensor> owned = new HashSet<>();
  private final Map<Object, Object> memo = new HashMap<>();
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();

  /** Starts an empty tape; without {@code training} nothing is registered for the way back. */
  public Tape(Graph graph, ModelLayout layout, PrecisionTable precision, boolean training) {
    this.graph = graph;
    this.layout = layout;
    this.precision = precision;
    this.training = training;
  }

  /** The graph that operations go to. */
  public Graph graph() {
    return graph;
  }

  /** The precision table of the run. */
  public PrecisionTable precision() {
    return precision;
  }

  /** Whether gradients will be asked for. */
  public boolean training() {
    return training;
  }

  /** The parameter or buffer of that name, declared on first use. */
  public Tensor parameter(String name) {
    return parameters.computeIfAbsent(
        name,
        n -> {
          ParameterSpec spec = layout.get(n);
          return graph.declare(n, DType.F32, spec.role(), spec.shape().dims());
        });
  }

  /** Whether the model has a parameter or buffer of that name. */
  public boolean hasParameter(String name) {
    return layout.has(name);
  }

  /** The resident tensor that collects a parameter's gradient. */
  public Tensor parameterGradient(Tensor parameter) {
    return graph.declare(
        gradientName(parameter.name()), DType.F32, Role.STATE, parameter.shape().dims());
  }

  /** Name of the tensor that collects the gradient of the parameter {@code name}. */
  public static String gradientName(String name) {
    return "grad." + name;
  }

  /** Parameters used so far, in order of first use. */
  public List<Tensor> usedParameters() {
    return new ArrayList<>(parameters.values());
  }

  /** Declares a tensor that lives within a run. */
  public Tensor value(String name, int... dims) {
    return graph.transientTensor(name, DType.F32, dims);
  }

  /** Declares a tensor of another type that lives within a run. */
  public Tensor value(String name, DType dtype, int... dims) {
    return graph.transientTensor(name, dtype, dims);
  }

  /** Adds an operation. */
  public void emit(String label, Op op, List<Tensor> reads, List<Tensor> writes) {
    graph.add(label, op, reads, writes);
  }

  /**
   * A value computed once for a key on this tape: a quantized activation that several layers read.
   */
  @SuppressWarnings("unchecked")
  public <T> T once(Object key, java.util.function.Supplier<T> compute) {
    Object known = memo.get(key);
    if (known == null) {
      known = compute.get();
      memo.put(key, known);
    }
    return (T) known;
  }

  /** Registers what emits a layer's gradient; it runs only if gradients are asked for. */
  public void onBackward(Runnable emitGradient) {
    if (training) {
      backward.push(emitGradient);
    }
  }

  /** The gradient collected for an activation so far, or null where nothing depends on it. */
  public Tensor gradient(Tensor activation) {
    return gradients.get(activation);
  }

  /** Adds a finished tensor to an activation's gradient; the tensor may serve others too. */
  public void addGradient(Tensor activation, Tensor gradient) {
    Tensor known = gradients.get(activation);
    if (known == null) {
      gradients.put(activation, gradient);
      return;
    }
    Tensor sum = value("grad." + activation.name(), activation.shape().dims());
    emit("grad." + activation.name() + "/add", new Add(), List.of(known, gradient), List.of(sum));
    gradients.put(activation, sum);
    owned.add(sum);
  }

  /**
   * A gradient buffer of an activation that a product may add to in place, or null where there is
   * none yet or where others read it.
   */
  public Tensor accumulator(Tensor activation) {
    Tensor known = gradients.get(activation);
    return known != null && owned.contains(known) ? known : null;
  }

  /**
   * Registers a fresh buffer, written by the caller alone, as (part of) an activation's gradient.
   */
  public void addOwnedGradient(Tensor activation, Tensor gradient) {
    boolean first = gradients.get(activation) == null;
    addGradient(activation, gradient);
    if (first) {
      owned.add(gradient);
    }
  }

  /** Emits the backward operations of everything registered so far, last first. */
  public void backward() {
    while (!backward.isEmpty()) {
      backward.pop().run();
    }
  }
}
