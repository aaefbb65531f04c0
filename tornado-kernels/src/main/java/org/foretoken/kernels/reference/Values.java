package org.foretoken.kernels.reference;

import java.util.Arrays;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Tensor;

/**
 * What the reference backend holds for a tensor: doubles for every floating-point type (codes as
 * the values that they stand for), ints for {@link DType#I32}. One of the two arrays is null.
 */
record Values(Tensor tensor, double[] reals, int[] integers) {
  /** Memory for {@code tensor}, all zeros. */
  static Values allocate(Tensor tensor) {
    long elements = tensor.shape().elements();
    if (elements > Integer.MAX_VALUE - 8) {
      throw new GraphException(
          "reference: tensor '"
              + tensor
              + "' expected fewer than 2^31 elements, found "
              + elements
              + "; use another device");
    }
    boolean ints = tensor.dtype() == DType.I32;
    return new Values(
        tensor, ints ? null : new double[(int) elements], ints ? new int[(int) elements] : null);
  }

  /** Makes a value that nothing has written show in every result that uses it. */
  void poison() {
    if (reals != null) {
      Arrays.fill(reals, Double.NaN);
    } else {
      Arrays.fill(integers, Integer.MIN_VALUE);
    }
  }

  /** The tensor as a matrix; a vector is one row. */
  Matrix matrix() {
    return tensor.shape().rank() == 2
        ? new Matrix(tensor.rows(), tensor.columns(), reals)
        : new Matrix(1, reals.length, reals);
  }
}
