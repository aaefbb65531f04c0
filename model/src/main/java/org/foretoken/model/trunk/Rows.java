package org.foretoken.model.trunk;

import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;

/**
 * Which keys each row of a graph may attend to. Rows are tokens; several sequences lie one after
 * the other without padding between them.
 */
public sealed interface Rows {
  /** Number of rows N. */
  int count();

  /** Position of each row in its document, I32 [N]. */
  Tensor positions();

  /**
   * Whole sequences at once: row i attends to rows firstRow[i] .. i of the same graph.
   *
   * @param firstRow index of the first row of the row's document, I32 [N]
   */
  record Packed(int count, Tensor positions, Tensor firstRow) implements Rows {
    /** Declares the inputs {@code rows.positions} and {@code rows.first_row} of N rows. */
    public static Packed declare(Graph graph, int count) {
      return new Packed(
          count,
          graph.declare("rows.positions", DType.I32, Role.INPUT, count),
          graph.declare("rows.first_row", DType.I32, Role.INPUT, count));
    }
  }

  /**
   * New rows of sequences whose earlier keys and values are cached: row s enters its block's cache
   * at slots[s] and attends to cache rows begins[s] .. ends[s] - 1, itself included.
   *
   * @param slots cache row of each new row, I32 [S]
   * @param begins first cache row of the row's sequence, I32 [S]
   * @param ends one past the last cache row that the row may see, I32 [S]
   * @param capacity rows of each cache
   */
  record Cached(int count, Tensor positions, Tensor slots, Tensor begins, Tensor ends, int capacity)
      implements Rows {
    /** Declares the inputs under {@code prefix}, for S rows and caches of {@code capacity} rows. */
    public static Cached declare(Graph graph, String prefix, int count, int capacity) {
      return new Cached(
          count,
          graph.declare(prefix + "positions", DType.I32, Role.INPUT, count),
          graph.declare(prefix + "slots", DType.I32, Role.INPUT, count),
          graph.declare(prefix + "begins", DType.I32, Role.INPUT, count),
          graph.declare(prefix + "ends", DType.I32, Role.INPUT, count),
          capacity);
    }
  }
}
