package org.foretoken.kernels.device;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;

/**
 * Which device array each transient tensor of a graph lies in. TornadoVM has no sub-arrays of
 * another type, so unlike {@link org.foretoken.kernels.graph.MemoryPlan} tensors share whole
 * arrays: of equal type, with lifetimes that do not overlap, largest first.
 */
final class SlotPlan {
  private record Life(Tensor tensor, int first, int last) {
    boolean meets(Life other) {
      return first <= other.last && other.first <= last;
    }
  }

  private final Map<Tensor, Integer> slotOf = new HashMap<>();
  private final Map<ArrayType, List<Long>> capacities = new EnumMap<>(ArrayType.class);
  private long bytesWithoutReuse;

  /** Plans the transients of {@code graph}. */
  static SlotPlan of(Graph graph, NodeFusion fusion) {
    SlotPlan plan = new SlotPlan();
    Map<ArrayType, List<List<Life>>> taken = new EnumMap<>(ArrayType.class);
    for (ArrayType type : ArrayType.values()) {
      taken.put(type, new ArrayList<>());
      plan.capacities.put(type, new ArrayList<>());
    }
    for (Life life : lives(graph, fusion)) {
      ArrayType type = ArrayType.of(life.tensor.dtype());
      List<List<Life>> slots = taken.get(type);
      int slot = 0;
      while (slot < slots.size() && slots.get(slot).stream().anyMatch(life::meets)) {
        slot++;
      }
      if (slot == slots.size()) {
        slots.add(new ArrayList<>());
        plan.capacities.get(type).add(life.tensor.shape().elements());
      }
      slots.get(slot).add(life);
      plan.slotOf.put(life.tensor, slot);
      plan.bytesWithoutReuse += life.tensor.bytes();
    }
    return plan;
  }

  /** The transients that a node writes, with the nodes that touch them; largest first. */
  private static List<Life> lives(Graph graph, NodeFusion fusion) {
    Map<Tensor, Life> lives = new HashMap<>();
    for (Node node : graph.nodes()) {
      for (Tensor t : fusion.touches(node)) {
        if (t.role() == Role.TRANSIENT) {
          lives.merge(
              t,
              new Life(t, node.index(), node.index()),
              (old, now) -> new Life(t, old.first, now.last));
        }
      }
    }
    List<Life> sorted = new ArrayList<>(lives.values());
    sorted.sort(
        Comparator.comparingLong((Life l) -> -l.tensor.shape().elements())
            .thenComparingInt(Life::first)
            .thenComparingInt(l -> l.tensor.id()));
    return sorted;
  }

  /** Index of the tensor's array among those of its type. */
  int slot(Tensor tensor) {
    return slotOf.get(tensor);
  }

  /** Elements of each array of {@code type}. */
  List<Long> capacities(ArrayType type) {
    return capacities.get(type);
  }

  /** Bytes of all arrays together. */
  long peakBytes() {
    long bytes = 0;
    for (Map.Entry<ArrayType, List<Long>> e : capacities.entrySet()) {
      for (long elements : e.getValue()) {
        bytes += elements * e.getKey().bytes();
      }
    }
    return bytes;
  }

  /** What the transients would take if none shared an array. */
  long bytesWithoutReuse() {
    return bytesWithoutReuse;
  }
}
