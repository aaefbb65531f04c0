package org.foretoken.cli.graph;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.cli.config.YamlBinder;
import org.foretoken.cli.config.YamlNode;
import org.foretoken.cli.config.YamlNode.Mapping;
import org.foretoken.cli.config.YamlNode.Origin;
import org.foretoken.cli.config.YamlNode.Scalar;
import org.foretoken.cli.config.YamlNode.Sequence;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Op;

/** A graph that names its tensors and operations one by one. */
final class OperationGraph {
  /**
   * An entry of {@code tensors}.
   *
   * @param source what the tensor holds before a run; none for one that an operation writes
   * @param parameter whether it is a weight that stays on the device between runs
   */
  public record Declaration(
      DType dtype,
      List<Integer> shape,
      Optional<TensorSource> source,
      Optional<Boolean> parameter) {}

  /**
   * An entry of {@code operations}.
   *
   * @param op name of the operation, as traces and messages have it
   */
  public record Step(
      String op, Optional<String> label, List<String> inputs, List<String> outputs) {}

  private static final String ATTRIBUTES = "attributes";
  private static final Map<String, Class<?>> OPERATIONS = operations();

  private final Mapping tree;
  private final List<String> outputs;
  private final Path folder;
  private final Graph graph;
  private final Map<String, Declaration> declarations = new LinkedHashMap<>();
  private final Map<String, GraphProgram.Filler> values = new LinkedHashMap<>();
  private final Set<String> written = new HashSet<>();
  private final Set<String> read = new HashSet<>();

  OperationGraph(Mapping tree, String name, List<String> outputs, Path folder) {
    this.tree = tree;
    this.outputs = outputs;
    this.folder = folder;
    this.graph = new Graph(name);
  }

  private static Map<String, Class<?>> operations() {
    Map<String, Class<?>> byName = new LinkedHashMap<>();
    Arrays.stream(Op.class.getPermittedSubclasses()).forEach(c -> byName.put(c.getSimpleName(), c));
    return byName;
  }

  GraphProgram build() {
    Mapping tensors = mapping("tensors", "a name with dtype and shape for each tensor");
    tensors
        .values()
        .forEach(
            (name, node) ->
                declarations.put(
                    name, YamlBinder.bind(Declaration.class, node, "tensors." + name)));
    YamlNode list = tree.values().get("operations");
    if (!(list instanceof Sequence steps) || steps.items().isEmpty()) {
      throw new InputException(
          (list == null ? tree : list).origin()
              + ": operations: expected a list of operations, found "
              + (list == null ? "nothing" : list.shown()));
    }
    List<Step> bound = new ArrayList<>();
    for (int i = 0; i < steps.items().size(); i++) {
      bound.add(step(steps.items().get(i), "operations[" + i + "]"));
    }
    bound.forEach(s -> written.addAll(s.outputs()));
    bound.forEach(s -> read.addAll(s.inputs()));
    for (int i = 0; i < bound.size(); i++) {
      Mapping node = (Mapping) steps.items().get(i);
      requireDeclared(bound.get(i).inputs(), node, "operations[" + i + "].inputs");
      requireDeclared(bound.get(i).outputs(), node, "operations[" + i + "].outputs");
    }
    checkOutputs();
    declarations.forEach((name, d) -> declare(name, d, tensors.values().get(name).origin()));
    Set<String> known = new HashSet<>(values.keySet());
    for (int i = 0; i < bound.size(); i++) {
      add(bound.get(i), (Mapping) steps.items().get(i), "operations[" + i + "]", known);
    }
    for (String name : declarations.keySet()) {
      if (!written.contains(name) && !read.contains(name)) {
        throw new InputException(
            tensors.keys().get(name)
                + ": tensors."
                + name
                + ": no operation reads or writes it; remove it");
      }
    }
    List<Tensor> shown =
        outputs.isEmpty()
            ? GraphProgram.outputsOf(graph)
            : outputs.stream().map(graph::tensor).toList();
    return new GraphProgram(graph, values, shown);
  }

  private Mapping mapping(String key, String expected) {
    YamlNode node = tree.values().get(key);
    if (node instanceof Mapping mapping) {
      return mapping;
    }
    throw new InputException(
        (node == null ? tree : node).origin()
            + ": "
            + key
            + ": expected "
            + expected
            + ", found "
            + (node == null ? "nothing" : node.shown()));
  }

  /** Everything of an operation but its attributes, whose keys depend on its name. */
  private static Step step(YamlNode node, String path) {
    if (node instanceof Mapping mapping && mapping.values().containsKey(ATTRIBUTES)) {
      Map<String, YamlNode> rest = new LinkedHashMap<>(mapping.values());
      rest.remove(ATTRIBUTES);
      return YamlBinder.bind(Step.class, new Mapping(rest, mapping.keys(), mapping.origin()), path);
    }
    return YamlBinder.bind(Step.class, node, path);
  }

  private void checkOutputs() {
    YamlNode node = tree.values().get("outputs");
    for (int i = 0; i < outputs.size(); i++) {
      String name = outputs.get(i);
      Origin origin = ((Sequence) node).items().get(i).origin();
      requireDeclared(name, origin, "outputs[" + i + "]");
      if (!written.contains(name)) {
        throw new InputException(
            origin
                + ": outputs["
                + i
                + "]: expected a tensor that an operation writes, found '"
                + name
                + "', which none does");
      }
    }
  }

  private void requireDeclared(String name, Origin origin, String path) {
    if (!declarations.containsKey(name)) {
      throw new InputException(
          origin
              + ": "
              + path
              + ": no tensor named '"
              + name
              + "' in 'tensors'"
              + DidYouMean.hint(name, declarations.keySet()));
    }
  }

  private void requireDeclared(List<String> names, Mapping operation, String path) {
    List<YamlNode> items = items(operation, path);
    for (int i = 0; i < names.size(); i++) {
      requireDeclared(names.get(i), items.get(i).origin(), path + "[" + i + "]");
    }
  }

  private static List<YamlNode> items(Mapping operation, String path) {
    String key = path.substring(path.lastIndexOf('.') + 1);
    return ((Sequence) operation.values().get(key)).items();
  }

  private void declare(String name, Declaration d, Origin origin) {
    String path = origin + ": tensors." + name + ": ";
    // With no list of outputs, what nothing reads is one.
    boolean output = outputs.isEmpty() ? !read.contains(name) : outputs.contains(name);
    boolean sourced = d.source().isPresent();
    Role role =
        d.parameter().orElse(false)
            ? Role.PARAMETER
            : sourced
                ? written.contains(name) ? Role.STATE : Role.INPUT
                : output ? Role.OUTPUT : Role.TRANSIENT;
    if (role == Role.PARAMETER && !sourced) {
      throw new InputException(path + "expected a source for a parameter, found none");
    }
    try {
      int[] dims = d.shape().stream().mapToInt(i -> i).toArray();
      graph.declare(name, d.dtype(), role, dims);
    } catch (GraphException | ArithmeticException e) {
      throw new InputException(path + e.getMessage(), e);
    }
    d.source().ifPresent(s -> values.put(name, filler(s, path)));
  }

  private GraphProgram.Filler filler(TensorSource source, String path) {
    return (tensor, target) -> {
      try {
        source.fill(tensor, target, folder);
      } catch (InputException e) {
        throw new InputException(path + "source: " + e.getMessage(), e);
      }
    };
  }

  private void add(Step step, Mapping node, String path, Set<String> known) {
    Op op = operation(step, node, path);
    List<Tensor> reads = tensors(step.inputs(), node, path + ".inputs", known);
    List<Tensor> writes = tensors(step.outputs(), node, path + ".outputs", null);
    try {
      graph.add(step.label().orElse(path), op, reads, writes);
    } catch (GraphException e) {
      throw new InputException(node.origin() + ": " + path + ": " + e.getMessage(), e);
    }
    known.addAll(step.outputs());
  }

  private static Op operation(Step step, Mapping node, String path) {
    Class<?> type = OPERATIONS.get(step.op());
    if (type == null) {
      String hint = DidYouMean.hint(step.op(), OPERATIONS.keySet());
      throw new InputException(
          node.values().get("op").origin()
              + ": "
              + path
              + ".op: unknown operation '"
              + step.op()
              + "'"
              + (hint.isEmpty()
                  ? "; known operations: " + String.join(", ", OPERATIONS.keySet())
                  : hint));
    }
    YamlNode attributes = node.values().get(ATTRIBUTES);
    YamlNode none = new Mapping(Map.of(), Map.of(), node.origin());
    String attributesPath = path + "." + ATTRIBUTES;
    return (Op)
        YamlBinder.bind(
            type.asSubclass(Record.class),
            attributes == null || attributes instanceof Scalar s && s.text().isEmpty()
                ? none
                : attributes,
            attributesPath);
  }

  /**
   * The tensors of these names.
   *
   * @param known those that have a value by now; null where none is needed
   */
  private List<Tensor> tensors(List<String> names, Mapping node, String path, Set<String> known) {
    List<Tensor> tensors = new ArrayList<>();
    List<YamlNode> items = items(node, path);
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      Origin origin = items.get(i).origin();
      if (known != null && !known.contains(name)) {
        throw new InputException(
            origin
                + ": "
                + path
                + "["
                + i
                + "]: tensor '"
                + name
                + "' has no value: give it a source, or an operation before this one that writes it");
      }
      tensors.add(graph.tensor(name));
    }
    return tensors;
  }
}
