package org.foretoken.kernels.reference;

import java.util.ArrayList;
import java.util.List;

/**
 * The catalog of single operations that every device is held to, at awkward sizes: one, a prime,
 * one past a multiple of a vector, no multiple of a tile, one past a page.
 */
public final class OperationCases {
  /** Row counts that {@link #all} goes through. */
  public static final List<Integer> ROWS = List.of(1, 7, 130);

  /** Column counts that {@link #all} goes through. */
  public static final List<Integer> COLUMNS = List.of(1, 13, 207, 1000, 4098);

  private OperationCases() {}

  /** Every operation in every variant at one size. */
  public static List<OperationCase> of(int rows, int columns) {
    List<OperationCase> cases = new ArrayList<>();
    cases.addAll(ElementwiseCases.of(rows, columns));
    cases.addAll(RowCases.of(rows, columns));
    cases.addAll(AttentionCases.of(rows, columns));
    cases.addAll(LatentCases.of(rows, columns));
    cases.addAll(ProductCases.of(rows, columns));
    cases.addAll(ExpertCases.of(rows, columns));
    cases.addAll(HeadCases.of(rows, columns));
    cases.addAll(QuantizeCases.of(rows, columns));
    return cases;
  }

  /** Matrix products in BF16 and E4M3, c of [m,n] and sums of k, such as tensor cores take. */
  public static List<OperationCase> products(int m, int n, int k) {
    return ProductCases.of(m, n, k);
  }

  /** Every operation in every variant at all sizes. */
  public static List<OperationCase> all() {
    List<OperationCase> cases = new ArrayList<>();
    for (int rows : ROWS) {
      for (int columns : COLUMNS) {
        cases.addAll(of(rows, columns));
      }
    }
    return cases;
  }
}
