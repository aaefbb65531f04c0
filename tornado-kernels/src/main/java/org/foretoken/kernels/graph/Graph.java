package org.foretoken.kernels.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.foretoken.kernels.op.Op;

/**
 * A task graph: tensors, and operations on them in program order.
 *
 * <p>Operations name what they read and what they write; the scheduler derives every dependency
 * from that. Shapes and types are checked when an operation is added, so that a graph that was
 * built can be run. A graph holds no data: a {@link Backend} gives memory to its tensors.
 */
public final class Graph {
  private final String name;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Set<Integer> written = new HashSet<>();

  /** Creates an empty graph; the name appears in errors, traces and plans. */
  public Graph(String name) {
    this.name = name;
  }

  /** The graph's name. */
  public String name() {
    return name;
  }

  /** All tensors in order of declaration. */
  public List<Tensor> tensors() {
    return List.copyOf(tensors.values());
  }

  /** All operations in program order. */
  public List<Node> nodes() {
    return Collections.unmodifiableList(nodes);
  }

  /** The tensor of that name. */
  public Tensor tensor(String tensorName) {
    Tensor t = tensors.get(tensorName);
    if (t == null) {
      throw new GraphException("graph '" + name + "': no tensor named '" + tensorName + "'");
    }
    return t;
  }

  /** Whether a tensor of that name is declared. */
  public boolean has(String tensorName) {
    return tensors.containsKey(tensorName);
  }

  /**
   * Declares a tensor. A resident tensor may be declared again with the same type and shape, and is
   * then the same tensor; a transient name that is taken gets a number appended.
   */
  public Tensor declare(String tensorName, DType dtype, Role role, int... dims) {
    Shape shape = new Shape(dims);
    Tensor known = tensors.get(tensorName);
    if (known != null && role.resident()) {
      if (known.dtype() != dtype || !known.shape().equals(shape) || known.role() != role) {
        throw new GraphException(
            "graph '"
                + name
                + "': tensor '"
                + tensorName
                + "' declared as "
                + role
                + " "
                + dtype
                + shape
                + ", found "
                + known.role()
                + " "
                + known.dtype()
                + known.shape()
                + " before");
      }
      return known;
    }
    String unique = tensorName;
    for (int i = 2; tensors.containsKey(unique); i++) {
      unique = tensorName + "#" + i;
    }
    Tensor t = new Tensor(tensors.size(), unique, dtype, shape, role);
    tensors.put(unique, t);
    return t;
  }

  /** Declares a tensor that lives within a run. */
  public Tensor transientTensor(String tensorName, DType dtype, int... dims) {
    return declare(tensorName, dtype, Role.TRANSIENT, dims);
  }

  /**
   * Appends an operation.
   *
   * @throws GraphException when an operand does not fit the operation's signature, is not of this
   *     graph, or is a transient that nothing has written yet
   */
  public Node add(String label, Op op, List<Tensor> reads, List<Tensor> writes) {
    String where = "graph '" + name + "', operation '" + label + "' (" + op.name() + ")";
    op.signature().check(where, op.bindings(), reads, writes);
    op.validate(where, reads, writes);
    Node node = new Node(nodes.size(), label, op, reads, writes);
    for (int i = 0; i < reads.size() + writes.size(); i++) {
      boolean read = i < reads.size();
      Tensor t = read ? reads.get(i) : writes.get(i - reads.size());
      if (tensors.get(t.name()) != t) {
        throw new GraphException(where + ": operand '" + t + "' belongs to another graph");
      }
      boolean needsValue = read || node.updates(i - reads.size());
      if (needsValue && !t.role().resident() && !written.contains(t.id())) {
        throw new GraphException(where + ": operand '" + t + "' is read before anything writes it");
      }
    }
    for (Tensor t : writes) {
      written.add(t.id());
    }
    nodes.add(node);
    return node;
  }

  /**
   * This graph with some of its transients as outputs, which a caller can read after a run; names
   * and order stay as they are.
   *
   * @throws GraphException when no tensor has such a name
   */
  public Graph exposing(Collection<String> tensorNames) {
    tensorNames.forEach(this::tensor);
    Graph exposed = new Graph(name);
    for (Tensor t : tensors.values()) {
      boolean output = t.role() == Role.TRANSIENT && tensorNames.contains(t.name());
      exposed.declare(t.name(), t.dtype(), output ? Role.OUTPUT : t.role(), t.shape().dims());
    }
    for (Node node : nodes) {
      exposed.add(
          node.label(), node.op(), exposed.named(node.reads()), exposed.named(node.writes()));
    }
    return exposed;
  }

  /**
   * This graph without the operations that write nothing but transients that nobody reads, and
   * without what only those read.
   */
  public Graph withoutUnread() {
    Set<Tensor> needed = new HashSet<>();
    boolean[] stays = new boolean[nodes.size()];
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      stays[i] = node.writes().stream().anyMatch(t -> t.role().resident() || needed.contains(t));
      if (stays[i]) {
        needed.addAll(node.reads());
        needed.addAll(node.writes());
      }
    }
    Graph fewer = new Graph(name);
    for (Tensor t : tensors.values()) {
      if (t.role().resident() || needed.contains(t)) {
        fewer.declare(t.name(), t.dtype(), t.role(), t.shape().dims());
      }
    }
    for (Node node : nodes) {
      if (stays[node.index()]) {
        fewer.add(node.label(), node.op(), fewer.named(node.reads()), fewer.named(node.writes()));
      }
    }
    return fewer;
  }

  private List<Tensor> named(List<Tensor> others) {
    return others.stream().map(t -> tensor(t.name())).toList();
  }
}
