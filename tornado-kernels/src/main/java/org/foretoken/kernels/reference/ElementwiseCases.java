package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.constants;
import static org.foretoken.kernels.reference.SeededData.normal;
import static org.foretoken.kernels.reference.SeededData.uniform;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.AdamW;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Cast;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.SwiGluGrad;
import org.foretoken.kernels.op.Zero;

/** Operations on tensors of any shape. */
final class ElementwiseCases {
  /** Learning rate, betas, epsilon, decay, corrections of step 3, largest norm. */
  private static final double[] HYPER = {
    1e-3, 0.9, 0.95, 1e-8, 0.1, 1 - 0.9 * 0.9 * 0.9, 1 - 0.95 * 0.95 * 0.95, 1
  };

  private ElementwiseCases() {}

  static List<OperationCase> of(int rows, int columns) {
    String size = rows + "x" + columns;
    List<OperationCase> cases = new ArrayList<>();
    cases.add(OperationCase.of(size, new Zero()).write(rows, columns).build());
    cases.add(
        OperationCase.of(size, new Add())
            .read(normal(1), rows, columns)
            .read(normal(100), rows, columns)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of(size, new SwiGlu())
            .read(normal(4), rows, columns)
            .read(normal(1), rows, columns)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of(size, new SwiGluGrad())
            .read(normal(4), rows, columns)
            .read(normal(1), rows, columns)
            .read(normal(1), rows, columns)
            .write(rows, columns)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of("to BF16 " + size, new Cast())
            .read(normal(3), rows, columns)
            .write(DType.BF16, rows, columns)
            .build());
    cases.add(
        OperationCase.of("to F32 " + size, new Cast())
            .read(DType.BF16, normal(3), rows, columns)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of(size, new SumSquares())
            .read(normal(3), rows, columns)
            .update(constants(2.5), 1)
            .build());
    for (boolean decay : new boolean[] {false, true}) {
      for (DType moments : List.of(DType.F32, DType.BF16)) {
        for (double squares : new double[] {0.25, 400}) {
          String variant =
              moments + (decay ? " decay" : "") + (squares > 1 ? " clipped " : " ") + size;
          cases.add(
              OperationCase.of(variant, new AdamW(decay))
                  .read(normal(0.1), rows, columns)
                  .read(constants(HYPER), 8)
                  .read(constants(squares), 1)
                  .update(normal(1), rows, columns)
                  .update(moments, normal(0.1), rows, columns)
                  .update(moments, uniform(1e-6, 0.01), rows, columns)
                  .build());
        }
      }
    }
    return cases;
  }
}
