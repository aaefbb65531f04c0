package org.foretoken.cli.graph;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Elements;
import org.foretoken.kernels.graph.Tensor;

/**
 * What a person looks at first in a tensor.
 *
 * @param name name of the tensor
 * @param dtype element type
 * @param shape extents
 * @param mean mean of the finite elements
 * @param amax largest magnitude of the finite elements
 * @param notFinite how many elements are NaN or infinite
 * @param first the first elements, as written
 */
public record TensorSummary(
    String name,
    String dtype,
    List<Integer> shape,
    double mean,
    double amax,
    long notFinite,
    List<String> first) {
  private static final int SHOWN = 4;

  /** Summarises a resident tensor. */
  public static TensorSummary of(Tensor tensor, Backend backend) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment =
          arena.allocate(Math.max(1, tensor.bytes()), 64).asSlice(0, tensor.bytes());
      backend.download(tensor.name(), segment);
      return of(tensor, segment);
    }
  }

  static TensorSummary of(Tensor tensor, MemorySegment segment) {
    double sum = 0;
    double amax = 0;
    long notFinite = 0;
    long elements = tensor.shape().elements();
    List<String> first = new ArrayList<>();
    for (long i = 0; i < elements; i++) {
      double value = Elements.get(tensor.dtype(), segment, i);
      if (i < SHOWN) {
        first.add(String.format(Locale.ROOT, "%.6g", value));
      }
      if (Double.isFinite(value)) {
        sum += value;
        amax = Math.max(amax, Math.abs(value));
      } else {
        notFinite++;
      }
    }
    return new TensorSummary(
        tensor.name(),
        tensor.dtype().name().toLowerCase(Locale.ROOT),
        java.util.Arrays.stream(tensor.shape().dims()).boxed().toList(),
        sum / Math.max(1, elements - notFinite),
        amax,
        notFinite,
        first);
  }
}
