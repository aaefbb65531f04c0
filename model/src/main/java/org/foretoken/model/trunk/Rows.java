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

  /** Name of the input {@link Packed#mirrored}. */
  String MIRRORED = "rows.mirrored";

  /** The same rows without a causal mask; see {@link org.foretoken.model.config.MtpControl}. */
  Rows withoutMask(Graph graph);

  /** The input {@link #MIRRORED} of rows whose documents begin at {@code firstRow}. */
  static int[] mirrored(int[] firstRow) {
    int[] mirrored = new int[firstRow.length];
    for (int first = 0, end = 0; first < firstRow.length; first = end) {
      while (end < firstRow.length && firstRow[end] == first) {
        end++;
      }
      for (int i = first; i < end; i++) {
        mirrored[i] = first + end - 1 - i;
      }
    }
    return mirrored;
  }

  /**
   * Whole sequences at once: row i attends to rows firstRow[i] .. i of the same graph.
   *
   * @param firstRow index of the first row of the row's document, I32 [N]
   * @param mirrored null; or, for attention without a causal mask, the row at the same distance
   *     from the other end of the row's document, I32 [N]
   */
  record Packed(int count, Tensor positions, Tensor firstRow, Tensor mirrored) implements Rows {
    /** Causal rows. */
    public Packed(int count, Tensor positions, Tensor firstRow) {
      this(count, positions, firstRow, null);
    }

    @Override
    public Packed withoutMask(Graph graph) {
      Tensor mirrored = graph.declare(MIRRORED, DType.I32, Role.INPUT, count);
      return new Packed(count, positions, firstRow, mirrored);
    }

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
   * @param masked whether attention is the causal one alone, as it is unless a control asks for
   *     something else
   */
  record Cached(
      int count,
      Tensor positions,
      Tensor slots,
      Tensor begins,
      Tensor ends,
      int capacity,
      boolean masked)
      implements Rows {
    @Override
    public Cached withoutMask(Graph graph) {
      return new Cached(count, positions, slots, begins, ends, capacity, false);
    }

    /** Declares the inputs under {@code prefix}, for S rows and caches of {@code capacity} rows. */
    public static Cached declare(Graph graph, String prefix, int count, int capacity) {
      return new Cached(
          count,
          graph.declare(prefix + "positions", DType.I32, Role.INPUT, count),
          graph.declare(prefix + "slots", DType.I32, Role.INPUT, count),
          graph.declare(prefix + "begins", DType.I32, Role.INPUT, count),
          graph.declare(prefix + "ends", DType.I32, Role.INPUT, count),
          capacity,
          true);
    }
  }
}
