package org.foretoken.kernels.reference;

import java.util.Map;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;

/** The operands of one node with their values, in the order of the operation's signature. */
final class Operands {
  private final Node node;
  private final Map<Tensor, Values> values;

  Operands(Node node, Map<Tensor, Values> values) {
    this.node = node;
    this.values = values;
  }

  /** Read operand {@code i} as a matrix. */
  Matrix in(int i) {
    return values.get(node.in(i)).matrix();
  }

  /** Written operand {@code i} as a matrix. */
  Matrix out(int i) {
    return values.get(node.out(i)).matrix();
  }

  /** Type of written operand {@code i}. */
  DType typeOut(int i) {
    return node.out(i).dtype();
  }

  /** Read operand {@code i} as a flat array. */
  double[] vectorIn(int i) {
    return values.get(node.in(i)).reals();
  }

  /** Written operand {@code i} as a flat array. */
  double[] vectorOut(int i) {
    return values.get(node.out(i)).reals();
  }

  /** Read operand {@code i} of type I32. */
  int[] integers(int i) {
    return values.get(node.in(i)).integers();
  }

  /** Written operand {@code i} of type I32. */
  int[] integersOut(int i) {
    return values.get(node.out(i)).integers();
  }

  /** A copy of matrix {@code e} of read operand {@code i}, a stack of matrices. */
  Matrix stackIn(int i, int e) {
    return stack(node.in(i), e);
  }

  /** A copy of matrix {@code e} of written operand {@code i}, a stack of matrices. */
  Matrix stackOut(int i, int e) {
    return stack(node.out(i), e);
  }

  private Matrix stack(Tensor tensor, int e) {
    int rows = tensor.shape().dim(1);
    int columns = tensor.shape().dim(2);
    return new Matrix(tensor.rows() * rows, columns, values.get(tensor).reals())
        .slice(e * rows, rows);
  }

  /** Replaces matrix {@code e} of written operand {@code i}. */
  void setStackOut(int i, int e, Matrix matrix) {
    double[] all = vectorOut(i);
    int size = matrix.values().length;
    System.arraycopy(matrix.values(), 0, all, e * size, size);
  }

  /**
   * Read operand {@code i} of type I32, each element checked to be an index below {@code bound}.
   */
  int[] indices(int i, int bound) {
    int[] indices = integers(i);
    for (int j = 0; j < indices.length; j++) {
      check(i, j, 0, bound - 1);
    }
    return indices;
  }

  /** Checks that {@code low <= element j of read operand i <= high}. */
  void check(int i, int j, int low, int high) {
    int found = integers(i)[j];
    if (found < low || found > high) {
      throw new GraphException(
          String.format(
              "reference: operation '%s' (%s): %s[%d] in tensor '%s' expected %d to %d, found %d",
              node.label(),
              node.op().name(),
              node.op().signature().readName(i),
              j,
              node.in(i).name(),
              low,
              high,
              found));
    }
  }

  Node node() {
    return node;
  }
}
