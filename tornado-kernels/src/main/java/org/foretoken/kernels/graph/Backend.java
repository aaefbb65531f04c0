package org.foretoken.kernels.graph;

import java.lang.foreign.MemorySegment;
import java.util.Collection;

/**
 * A place that runs graphs: {@code host}, {@code reference} (double precision), {@code emulator} or
 * {@code gpu}. It owns the memory of every tensor. Resident tensors are shared by name between all
 * graphs compiled on one backend, so a training, an evaluation and a decoding graph see the same
 * weights.
 */
public interface Backend extends AutoCloseable {
  /** Name as given to {@code --device}. */
  String name();

  /** One line for the user: the device, its width, its driver. */
  String description();

  /**
   * Plans memory and order for a graph and makes it runnable. New resident tensors start as zeros.
   */
  Executable compile(Graph graph);

  /**
   * Copies into a resident tensor.
   *
   * @param tensor name of a resident tensor of a compiled graph
   * @param source the tensor's elements in its own {@link DType}, row-major, native byte order
   */
  void upload(String tensor, MemorySegment source);

  /** Copies a resident tensor out, in the layout of {@link #upload}. */
  void download(String tensor, MemorySegment target);

  /**
   * Whether the sums of a node's products keep fewer bits than FP32 here, as Hopper's FP8 tensor
   * cores do.
   */
  default boolean shortSums(Node node) {
    return false;
  }

  /** The resident tensors of all graphs compiled so far. */
  Collection<Tensor> residents();

  /** Frees all memory; no compiled graph may be run afterwards. */
  @Override
  void close();
}
