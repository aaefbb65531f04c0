package org.foretoken.model.checkpoint;

import java.util.List;

/**
 * One entry of a safetensors header.
 *
 * @param name name of the tensor
 * @param dtype element type
 * @param shape extents, row-major; empty for a scalar
 * @param begin offset of its first byte after the header
 * @param end offset behind its last byte
 */
public record TensorInfo(
    String name, SafetensorsDType dtype, List<Long> shape, long begin, long end) {
  /** Copies the shape. */
  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** Size in bytes. */
  public long bytes() {
    return end - begin;
  }

  /** Number of elements. */
  public long elements() {
    return bytes() * 8 / dtype.bits();
  }
}
