package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.constants;
import static org.foretoken.kernels.reference.SeededData.normal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Precision;

/** The output head, the awkward extent once as the vocabulary and once as the hidden size. */
final class HeadCases {
  private static final int SMALL = 24;

  private HeadCases() {}

  static List<OperationCase> of(int rows, int columns) {
    List<OperationCase> cases = new ArrayList<>();
    for (Precision precision : Precision.values()) {
      cases.addAll(of(precision, "", targets(rows, columns), SMALL, columns));
      cases.addAll(of(precision, "", targets(rows, SMALL), columns, SMALL));
      int[] masked = new int[rows];
      Arrays.fill(masked, -1);
      cases.addAll(of(precision, "all masked ", masked, SMALL, columns));
    }
    return cases;
  }

  private static List<OperationCase> of(
      Precision precision, String masked, int[] targets, int hiddenSize, int vocabulary) {
    int rows = targets.length;
    String variant = precision + " " + masked + rows + "x" + hiddenSize + "x" + vocabulary;
    double deviation = 3 / Math.sqrt(hiddenSize);
    return List.of(
        OperationCase.of(variant, new CrossEntropyHead(precision))
            .read(normal(1), rows, hiddenSize)
            .read(normal(deviation), vocabulary, hiddenSize)
            .integers(targets)
            .read(constants(0.3), 1)
            .write(4)
            .write(rows, hiddenSize)
            .update(normal(0.01), vocabulary, hiddenSize)
            .build(),
        OperationCase.of(variant, new CrossEntropyEval(precision))
            .read(normal(1), rows, hiddenSize)
            .read(normal(deviation), vocabulary, hiddenSize)
            .integers(targets)
            .write(4)
            .write(rows)
            .build());
  }

  /** Every third row is masked, the last of the vocabulary occurs. */
  private static int[] targets(int rows, int vocabulary) {
    return IntStream.range(0, rows)
        .map(i -> i % 3 == 1 ? -1 : (vocabulary - 1 + i * 31) % vocabulary)
        .toArray();
  }
}
