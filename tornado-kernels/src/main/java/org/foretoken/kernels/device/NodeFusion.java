package org.foretoken.kernels.device;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Op;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.Tile;

/**
 * What a device does in one kernel where the graph has two nodes, and in which order it keeps
 * codes.
 *
 * <p>RMSNorm and SwiGLU whose result is quantized, and read by nobody else, become part of the
 * quantizer: the result is never written. Codes for wgrad whose readers all want them transposed,
 * as library tasks do, are written transposed. A tensor that is no transient, such as one that a
 * comparison exposes, is always written as the graph says.
 */
final class NodeFusion {
  private final Map<Node, Node> producerOf = new HashMap<>();
  private final Set<Node> absorbed = new HashSet<>();
  private final Set<Tensor> transposed = new HashSet<>();

  /** Looks for what can be fused. */
  static NodeFusion of(Graph graph, GemmRoads roads) {
    NodeFusion fusion = new NodeFusion();
    Map<Tensor, List<Node>> readers = new HashMap<>();
    Map<Tensor, List<Node>> writers = new HashMap<>();
    for (Node node : graph.nodes()) {
      node.reads().forEach(t -> readers.computeIfAbsent(t, _ -> new ArrayList<>()).add(node));
      node.writes().forEach(t -> writers.computeIfAbsent(t, _ -> new ArrayList<>()).add(node));
    }
    for (Node node : graph.nodes()) {
      fusion.fuse(node, readers, writers);
      if (node.op() instanceof QuantizeBoth) {
        Tensor codes = node.out(2);
        boolean wanted =
            codes.role() == Role.TRANSIENT
                && readers.containsKey(codes)
                && readers.get(codes).stream().allMatch(r -> wantsTransposed(r, roads));
        if (wanted && writers.get(codes).size() == 1) {
          fusion.transposed.add(codes);
        }
      }
    }
    return fusion;
  }

  private static boolean wantsTransposed(Node reader, GemmRoads roads) {
    return reader.op() instanceof Fp8MatMul product
        && product.layout() == Layout.TN
        && LibraryGemmTasks.road(reader, product, roads) != GemmRoad.JIT;
  }

  private void fuse(Node node, Map<Tensor, List<Node>> readers, Map<Tensor, List<Node>> writers) {
    if (!fusable(node)) {
      return;
    }
    Tensor x = node.in(0);
    List<Node> sources = writers.getOrDefault(x, List.of());
    if (x.role() != Role.TRANSIENT || sources.size() != 1 || readers.get(x).size() != 1) {
      return;
    }
    Node source = sources.getFirst();
    if (!absorbable(source.op(), node.op()) || source.index() > node.index()) {
      return;
    }
    for (Tensor operand : source.reads()) {
      for (Node writer : writers.getOrDefault(operand, List.of())) {
        if (writer.index() >= source.index() && writer.index() <= node.index()) {
          return; // it would read what comes later
        }
      }
    }
    producerOf.put(node, source);
    absorbed.add(source);
  }

  private static boolean fusable(Node node) {
    return switch (node.op()) {
      case Quantize q -> q.tile() == Tile.ROW_1X128 && node.out(0).dtype() != DType.E5M6;
      case QuantizeBoth _ -> true;
      default -> false;
    };
  }

  private static boolean absorbable(Op source, Op quantizer) {
    return source instanceof RmsNorm || source instanceof SwiGlu && quantizer instanceof Quantize;
  }

  /** The node whose result a quantizer computes itself; null where it reads it. */
  Node producer(Node quantizer) {
    return producerOf.get(quantizer);
  }

  /** Whether the node's first result is computed by the quantizer that reads it. */
  boolean isAbsorbed(Node node) {
    return absorbed.contains(node);
  }

  /** Whether the codes lie transposed on the device. */
  boolean isTransposed(Tensor codes) {
    return transposed.contains(codes);
  }

  /** What the tasks of a node touch. */
  List<Tensor> touches(Node node) {
    List<Tensor> touched = new ArrayList<>(node.writes());
    touched.addAll(node.reads());
    if (isAbsorbed(node)) {
      touched.remove(node.out(0));
    }
    Node source = producer(node);
    if (source != null) {
      touched.remove(node.in(0));
      touched.addAll(source.reads());
      touched.addAll(source.writes().subList(1, source.writes().size()));
    }
    return touched;
  }
}
