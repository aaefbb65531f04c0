package org.foretoken.model.nn;

/**
 * In which order the rotary columns of a head stand.
 *
 * <p>{@link org.foretoken.kernels.op.Rope} turns adjacent pairs (2j, 2j + 1), as DeepSeek's
 * published weights have them ({@code rope_interleave: true} in configurations that say so): their
 * {@code q_proj}, {@code q_b_proj} and {@code kv_a_proj_with_mqa} need no change. Llama's kind of
 * checkpoint turns column j with column j + rotaryDim / 2 ("rotate half"): the rows of its {@code
 * q_proj} and {@code k_proj} have to change places. Scores do not depend on the order, since
 * queries and keys change alike; nothing else sees these columns.
 */
public final class RotaryLayout {
  private RotaryLayout() {}

  /**
   * Where each row of a projection with adjacent pairs comes from in one with pairs half a head
   * apart.
   *
   * @param rotaryDim the last columns of each head, even; others stay where they are
   * @return for each of the heads * headDim rows the row of the other matrix
   */
  public static int[] adjacentFromHalves(int heads, int headDim, int rotaryDim) {
    int[] source = new int[heads * headDim];
    int plain = headDim - rotaryDim;
    for (int h = 0; h < heads; h++) {
      int first = h * headDim;
      for (int c = 0; c < plain; c++) {
        source[first + c] = first + c;
      }
      for (int j = 0; j < rotaryDim / 2; j++) {
        source[first + plain + 2 * j] = first + plain + j;
        source[first + plain + 2 * j + 1] = first + plain + rotaryDim / 2 + j;
      }
    }
    return source;
  }

  /** The way back from {@link #adjacentFromHalves}. */
  public static int[] halvesFromAdjacent(int heads, int headDim, int rotaryDim) {
    int[] source = adjacentFromHalves(heads, headDim, rotaryDim);
    int[] back = new int[source.length];
    for (int i = 0; i < source.length; i++) {
      back[source[i]] = i;
    }
    return back;
  }

  /** The rows of a row-major matrix in another order: row i is row source[i] of {@code matrix}. */
  public static float[] rows(float[] matrix, int[] source) {
    int columns = matrix.length / source.length;
    float[] moved = new float[matrix.length];
    for (int i = 0; i < source.length; i++) {
      System.arraycopy(matrix, source[i] * columns, moved, i * columns, columns);
    }
    return moved;
  }
}
