package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.normal;

import java.util.List;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;

/** The operations of multi-head latent attention around the attention itself. */
final class LatentCases {
  /**
   * Heads and widths for each column count; the last but one are DeepSeek-V3's, with fewer heads.
   */
  private record Heads(int heads, int nope, int rope, int value, int latent) {
    static Heads of(int columns) {
      if (columns < 2) {
        return new Heads(1, 1, 2, 1, 1);
      }
      if (columns < 100) {
        return new Heads(3, columns, 6, 7, 33);
      }
      if (columns < 500) {
        return new Heads(5, 23, 10, 31, columns);
      }
      return columns < 2000 ? new Heads(6, 128, 64, 128, 512) : new Heads(17, 40, 16, 48, 130);
    }

    int keyDim() {
      return nope + rope;
    }

    @Override
    public String toString() {
      return String.format("(%d heads of %d+%d, %d)", heads, nope, rope, value);
    }
  }

  private LatentCases() {}

  static List<OperationCase> of(int rows, int columns) {
    Heads h = Heads.of(columns);
    String size = rows + "x" + h;
    OperationCase forward =
        OperationCase.of(size, new LatentHeads(h.heads, h.nope, h.rope, h.value))
            .read(normal(1), rows, h.heads * (h.nope + h.value))
            .read(normal(1), rows, h.rope)
            .write(rows, h.heads * h.keyDim())
            .write(rows, h.heads * h.value)
            .build();
    OperationCase backward =
        OperationCase.of(size, new LatentHeadsGrad(h.heads, h.nope, h.rope, h.value))
            .read(normal(1), rows, h.heads * h.keyDim())
            .read(normal(1), rows, h.heads * h.value)
            .write(rows, h.heads * (h.nope + h.value))
            .write(rows, h.rope)
            .build();
    return List.of(forward, backward);
  }
}
