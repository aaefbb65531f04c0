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
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Op;
import org.foretoken.model.config.Recompute;

/**
 * Emits a model's operations into a graph and remembers how to emit their gradients.
 *
 * <p>A layer adds its forward operations and registers, with {@link #onBackward}, what adds its
 * backward ones; {@link #backward} runs the registrations in reverse. Gradients of parameters are
 * resident and are added to, so a tensor that several layers share receives the sum; gradients of
 * activations live within a run.
 */
public final class Tape {
  private record RestoredKey(Tensor activation) {}

  private final Graph graph;
  private final ModelLayout layout;
  private final PrecisionTable precision;
  private final boolean training;
  private final Recompute recompute;
  private Deque<Runnable> backward = new ArrayDeque<>();
  private final Map<Tensor, Tensor> gradients = new HashMap<>();
  private final Set<Tensor> owned = new HashSet<>();
  private final Map<Object, Object> memo = new HashMap<>();
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private final Map<Tensor, Supplier<Tensor>> kept = new HashMap<>();
  private boolean recording;
  private boolean again;

  /** Starts an empty tape; without {@code training} nothing is registered for the way back. */
  public Tape(Graph graph, ModelLayout layout, PrecisionTable precision, boolean training) {
    this(graph, layout, precision, training, Recompute.NONE);
  }

  /** Starts an empty tape for training. */
  public Tape(Graph graph, ModelLayout layout, PrecisionTable precision, Recompute recompute) {
    this(graph, layout, precision, true, recompute);
  }

  private Tape(
      Graph graph,
      ModelLayout layout,
      PrecisionTable precision,
      boolean training,
      Recompute recompute) {
    this.graph = graph;
    this.layout = layout;
    this.precision = precision;
    this.training = training;
    this.recompute = recompute;
    recording = training;
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

  /**
   * Whether the forward operations emitted now are the ones that gradients will be taken of. Not so
   * in inference, and not in the first run of a block whose forward pass is run again later: such a
   * run keeps nothing for the way back.
   */
  public boolean recording() {
    return recording;
  }

  /**
   * Whether the forward operations emitted now were emitted before: an operation that counts or
   * updates something must leave that out the second time.
   */
  public boolean repeating() {
    return again;
  }

  /**
   * Layers that keep their input alone, where the run recomputes blocks: their forward operations
   * are emitted once for their result, and once more, before their backward ones, for what these
   * need. Both give the same bits, since operations do.
   *
   * @param x the one activation that enters
   * @param layers emits the forward operations and returns their result
   */
  public Tensor block(Tensor x, UnaryOperator<Tensor> layers) {
    if (!recording || recompute == Recompute.NONE) {
      return layers.apply(x);
    }
    recording = false;
    Tensor y = layers.apply(x);
    recording = true;
    onBackward(
        () -> {
          Deque<Runnable> outer = backward;
          backward = new ArrayDeque<>();
          again = true;
          Tensor repeated = layers.apply(x);
          again = false;
          gradients.put(repeated, gradients.get(y));
          backward();
          backward = outer;
        });
    return y;
  }

  /**
   * Says what the backward pass finds instead of an activation, so that the activation itself need
   * not outlive the forward pass.
   *
   * @param restore emits what gives it back; it runs at most once
   */
  public void keep(Tensor activation, Supplier<Tensor> restore) {
    if (recording) {
      kept.putIfAbsent(activation, restore);
    }
  }

  /** Whether {@link #keep} was told of an activation. */
  public boolean keeps(Tensor activation) {
    return kept.containsKey(activation);
  }

  /** An activation as the backward pass finds it: as it is, or what {@link #keep} said. */
  public Tensor restored(Tensor activation) {
    Supplier<Tensor> restore = kept.get(activation);
    return restore == null ? activation : once(new RestoredKey(activation), restore);
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
    graph.add(again ? label + "/again" : label, op, reads, writes);
  }

  /**
   * A value computed once for a key on this tape: a quantized activation that several layers read.
   */
  @SuppressWarnings("unchecked")
  public <T> T once(Object key, Supplier<T> compute) {
    Object known = memo.get(key);
    if (known == null) {
      known = compute.get();
      memo.put(key, known);
    }
    return (T) known;
  }

  /** Registers what emits a layer's gradient; it runs only if gradients are asked for. */
  public void onBackward(Runnable emitGradient) {
    if (recording) {
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
