package org.foretoken.kernels.graph;

/**
 * A named value of a {@link Graph}: what it is, not where it lies. Its memory belongs to a {@link
 * Backend}.
 *
 * @param id index within its graph
 * @param name unique within its graph; resident tensors are shared between graphs by this name
 * @param dtype element type
 * @param shape extents, row-major
 * @param role owner and lifetime
 */
public record Tensor(int id, String name, DType dtype, Shape shape, Role role) {
  /** Size in memory. */
  public long bytes() {
    return shape.elements() * dtype.bytes();
  }

  /** Extent of the first axis: the rows of a matrix, the length of a vector. */
  public int rows() {
    return shape.dim(0);
  }

  /** Extent of the second axis of a matrix. */
  public int columns() {
    return shape.dim(1);
  }

  @Override
  public String toString() {
    return name + " " + dtype + shape;
  }
}
