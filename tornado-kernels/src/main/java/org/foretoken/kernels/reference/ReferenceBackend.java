package org.foretoken.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Tensor;

/**
 * The device {@code reference}: every operation as a sequential loop in double precision, to be
 * read beside the paper and to measure other devices against.
 *
 * <p>F32 and BF16 tensors are doubles and are rounded only when they are downloaded, so that
 * central differences work: a BF16 moment therefore keeps more bits between steps here than
 * elsewhere. Codes are held as the exact values that they stand for. {@code Quantize} alone works
 * in FP32, by the definition that all devices share, on its input rounded to FP32: equal inputs
 * give equal codes.
 *
 * <p>Not for use by several threads.
 */
public final class ReferenceBackend implements Backend {
  private final boolean exactProducts;
  private final Map<String, Values> residents = new LinkedHashMap<>();
  private boolean closed;

  /** The device as users know it: products of precision BF16 round their operands. */
  public ReferenceBackend() {
    this(false);
  }

  /**
   * Creates the device.
   *
   * @param exactProducts whether products of precision BF16 take their operands unrounded, which
   *     makes them differentiable
   */
  public ReferenceBackend(boolean exactProducts) {
    this.exactProducts = exactProducts;
  }

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "reference: sequential Java in double precision, one thread"
        + (exactProducts ? ", BF16 operands unrounded" : "");
  }

  @Override
  public ReferenceExecutable compile(Graph graph) {
    if (closed) {
      throw new GraphException("reference: graph '" + graph.name() + "' compiled after close()");
    }
    Map<Tensor, Values> values = new LinkedHashMap<>();
    for (Tensor tensor : graph.tensors()) {
      values.put(
          tensor, tensor.role().resident() ? resident(graph, tensor) : Values.allocate(tensor));
    }
    return new ReferenceExecutable(graph, values, exactProducts);
  }

  private Values resident(Graph graph, Tensor tensor) {
    Values known = residents.computeIfAbsent(tensor.name(), n -> Values.allocate(tensor));
    Tensor before = known.tensor();
    if (before.dtype() != tensor.dtype() || !before.shape().equals(tensor.shape())) {
      throw new GraphException(
          "reference: graph '"
              + graph.name()
              + "': resident tensor '"
              + tensor
              + "' expected to be "
              + before.dtype()
              + before.shape()
              + " as in a graph compiled before");
    }
    return known;
  }

  @Override
  public void upload(String tensor, MemorySegment source) {
    Storage.load(find(tensor), source);
  }

  @Override
  public void download(String tensor, MemorySegment target) {
    Storage.store(find(tensor), target);
  }

  @Override
  public Collection<Tensor> residents() {
    return residents.values().stream().map(Values::tensor).toList();
  }

  /**
   * The elements of a resident floating-point tensor, unrounded; writing to the array writes to the
   * tensor.
   */
  public double[] values(String tensor) {
    Values values = find(tensor);
    if (values.reals() == null) {
      throw new GraphException(
          "reference: tensor '" + values.tensor() + "' holds integers, not reals");
    }
    return values.reals();
  }

  /** The elements of a resident I32 tensor; writing to the array writes to the tensor. */
  public int[] integers(String tensor) {
    Values values = find(tensor);
    if (values.integers() == null) {
      throw new GraphException(
          "reference: tensor '" + values.tensor() + "' holds reals, not integers");
    }
    return values.integers();
  }

  private Values find(String tensor) {
    Values values = residents.get(tensor);
    if (values == null) {
      throw new GraphException(
          "reference: no resident tensor '"
              + tensor
              + "' in the "
              + residents.size()
              + " of the graphs compiled so far");
    }
    return values;
  }

  @Override
  public void close() {
    closed = true;
    residents.clear();
  }
}
