package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.normal;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.foretoken.kernels.op.AbsorbQuery;
import org.foretoken.kernels.op.CachedLatentAttention;
import org.foretoken.kernels.op.ExpandLatent;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;
import org.foretoken.kernels.op.Precision;

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
    List<OperationCase> cases = new ArrayList<>(List.of(forward, backward));
    for (Precision precision : Precision.values()) {
      cases.add(absorb(rows, h, precision));
      cases.add(expand(rows, h, precision));
    }
    cases.add(cached(rows, h));
    return cases;
  }

  private static OperationCase absorb(int rows, Heads h, Precision precision) {
    return OperationCase.of(
            precision + " " + rows + "x" + h + " to " + h.latent,
            new AbsorbQuery(h.heads, h.nope, h.rope, h.value, h.latent, precision))
        .read(normal(1), rows, h.heads * h.keyDim())
        .read(normal(0.1), h.heads * (h.nope + h.value), h.latent)
        .write(rows, h.heads * (h.latent + h.rope))
        .build();
  }

  private static OperationCase expand(int rows, Heads h, Precision precision) {
    return OperationCase.of(
            precision + " " + rows + "x" + h + " of " + h.latent,
            new ExpandLatent(h.heads, h.nope, h.value, h.latent, precision))
        .read(normal(1), rows, h.heads * h.latent)
        .read(normal(0.1), h.heads * (h.nope + h.value), h.latent)
        .write(rows, h.heads * h.value)
        .build();
  }

  private static OperationCase cached(int rows, Heads h) {
    float scale = (float) (1 / Math.sqrt(h.keyDim()));
    return OperationCase.of(
            rows + "x(" + h.heads + " heads of " + h.latent + "+" + h.rope + ")",
            new CachedLatentAttention(h.heads, h.latent, h.rope, scale))
        .read(normal(1), rows, h.heads * (h.latent + h.rope))
        .read(normal(1), rows + 20, h.latent + h.rope)
        .integers(IntStream.range(0, rows).map(s -> s / 5 * 3).toArray())
        .integers(IntStream.range(0, rows).map(s -> s + 1 + s * 13 % 20).toArray())
        .write(rows, h.heads * h.latent)
        .build();
  }
}
