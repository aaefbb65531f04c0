package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.EmbeddingGrad;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What a kernel cannot refuse itself: row indices out of range, in inputs of a run. */
final class DeviceChecks {
  private DeviceChecks() {}

  /** Checks the indices that the operations of {@code graph} look up by. */
  static void indices(Graph graph, DeviceMemory memory) {
    for (Node node : graph.nodes()) {
      switch (node.op()) {
        case Embedding op -> check(node, node.in(0), node.in(1).rows(), memory);
        case EmbeddingGrad op -> check(node, node.in(0), node.out(0).rows(), memory);
        case CacheAppend op -> check(node, node.in(1), node.out(0).rows(), memory);
        default -> {}
      }
    }
  }

  private static void check(Node node, Tensor indices, int rows, DeviceMemory memory) {
    if (indices.role() != Role.INPUT) {
      return;
    }
    IntArray values = (IntArray) memory.resident(indices.name());
    for (int i = 0; i < indices.rows(); i++) {
      int value = values.get(i);
      if (value < 0 || value >= rows) {
        throw new GraphException(
            "operation '"
                + node.label()
                + "': "
                + indices.name()
                + "["
                + i
                + "] expected in [0, "
                + rows
                + "), found "
                + value);
      }
    }
  }
}
