package org.foretoken.cli.graph;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;

/**
 * A graph with everything that a run of it needs.
 *
 * @param graph the graph
 * @param values what fills each resident tensor that does not start as zeros, by its name
 * @param outputs the tensors that a run is about; resident
 */
public record GraphProgram(Graph graph, Map<String, Filler> values, List<Tensor> outputs) {
  /** Writes the elements of a tensor. */
  @FunctionalInterface
  public interface Filler {
    /** Writes all elements of {@code tensor}, row-major, to {@code target}. */
    void fill(Tensor tensor, MemorySegment target);
  }

  /** Copies the lists. */
  public GraphProgram {
    values = Map.copyOf(values);
    outputs = List.copyOf(outputs);
  }

  /** All tensors with role {@link Role#OUTPUT}. */
  static List<Tensor> outputsOf(Graph graph) {
    return graph.tensors().stream().filter(t -> t.role() == Role.OUTPUT).toList();
  }

  /** Writes what {@code tensor} starts with; leaves {@code target} as it is where that is zeros. */
  public void fill(Tensor tensor, MemorySegment target) {
    Filler filler = values.get(tensor.name());
    if (filler != null) {
      filler.fill(tensor, target);
    }
  }

  /** Fills the resident tensors on a backend that has compiled the graph. */
  public void upload(Backend backend) {
    for (Tensor t : graph.tensors()) {
      if (values.containsKey(t.name())) {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment segment = arena.allocate(Math.max(1, t.bytes()), 64);
          fill(t, segment);
          backend.upload(t.name(), segment.asSlice(0, t.bytes()));
        }
      }
    }
  }
}
