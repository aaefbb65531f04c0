package org.foretoken.kernels.graph;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The extents of a row-major tensor, outermost first.
 *
 * @param dims extents, each at least 0
 */
public record Shape(int... dims) {
  /** Copies the extents and checks that their product fits a {@code long}. */
  public Shape {
    dims = dims.clone();
    long product = 1;
    for (int d : dims) {
      if (d < 0) {
        throw new GraphException(
            "shape " + Arrays.toString(dims) + ": expected extents >= 0, found " + d);
      }
      product = Math.multiplyExact(product, (long) d);
    }
  }

  /** Shorthand for {@code new Shape(dims)}. */
  public static Shape of(int... dims) {
    return new Shape(dims);
  }

  @Override
  public int[] dims() {
    return dims.clone();
  }

  /** The extent of axis {@code axis}. */
  public int dim(int axis) {
    return dims[axis];
  }

  /** Number of axes. */
  public int rank() {
    return dims.length;
  }

  /** Number of elements. */
  public long elements() {
    long product = 1;
    for (int d : dims) {
      product *= d;
    }
    return product;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.stream(dims)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(",", "[", "]"));
  }
}
