package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.CacheAppend;

/**
 * The operands of one node with their memory.
 *
 * @param graph the node's graph
 * @param node the node
 * @param segments memory of each tensor of the graph, by its id
 * @param memory where scratch comes from
 * @param weights packed copies of weights
 */
record HostOperands(
    Graph graph, Node node, MemorySegment[] segments, HostMemory memory, HostWeights weights) {
  /** The {@code i}-th operand that is read. */
  Tensor in(int i) {
    return node.in(i);
  }

  /** The {@code i}-th operand that is written. */
  Tensor out(int i) {
    return node.out(i);
  }

  /** Memory of the {@code i}-th operand that is read. */
  MemorySegment read(int i) {
    return segments[node.in(i).id()];
  }

  /** Memory of the {@code i}-th operand that is written. */
  MemorySegment write(int i) {
    return segments[node.out(i).id()];
  }

  /** Address of the {@code i}-th operand that is read. */
  long readAddress(int i) {
    return read(i).address();
  }

  /** Address of the {@code i}-th operand that is written. */
  long writeAddress(int i) {
    return write(i).address();
  }

  /** The backend's table of these rotations. */
  HostRopeTable ropeTable(int rotaryDim, double theta) {
    return memory.ropeTable(rotaryDim, theta);
  }

  /**
   * The transposed copy of operand {@code i}, a resident cache of keys [rows, kvHeads * headDim]
   * that graphs do nothing but append to; null for any other.
   */
  HostKeyPanels keyPanels(int i, int kvHeads, int headDim) {
    Tensor cache = in(i);
    for (Node other : graph.nodes()) {
      if (other.writes().contains(cache) && !(other.op() instanceof CacheAppend)) {
        return null;
      }
    }
    return cache.role() == Role.STATE
        ? weights.keyPanels(cache, kvHeads, headDim, readAddress(i), memory)
        : null;
  }

  /** Memory that the node may use while it runs; its contents do not last between runs. */
  MemorySegment scratch(long bytes) {
    return memory.scratch(where() + ", scratch", bytes);
  }

  /** The node's place, as errors name it. */
  String where() {
    return "graph '"
        + graph.name()
        + "', operation '"
        + node.label()
        + "' ("
        + node.op().name()
        + ")";
  }

  /**
   * Checks integers that address rows, on each run, since they are data.
   *
   * @throws GraphException naming the operand and the first value outside {@code [low, high)}
   */
  void checkRange(Tensor operand, long values, int low, int high) {
    int n = Math.toIntExact(operand.shape().elements());
    for (int i = 0; i < n; i++) {
      int v = HostMath.getInt(values + 4L * i);
      if (v < low || v >= high) {
        throw new GraphException(
            where()
                + ": operand '"
                + operand
                + "' expected values from "
                + low
                + " to "
                + (high - 1)
                + ", found "
                + v
                + " at "
                + i);
      }
    }
  }
}
