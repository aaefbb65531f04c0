package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * {@link QuantizeBoth} of rows grouped by expert: 1x128 groups as there, 128x1 groups within each
 * expert's rows. Scales of tiles that no expert has are 1. See {@link Segments}.
 *
 * <p>{@code x F32[R,K], segments I32[X,3] -> rowCodes E4M3|E5M2[R,K], rowScales F32[R,K/128],
 * columnCodes E4M3|E5M2[R,K], columnScales F32[S,K]}, S the most tiles there can be
 *
 * @param powerOfTwo round each scale up to a power of two
 */
public record QuantizeSegments(boolean powerOfTwo) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "x F32[R,K], segments I32[X,3] -> rowCodes E4M3|E5M2[R,K], rowScales F32[R,K/128],"
              + " columnCodes E4M3|E5M2[R,K], columnScales F32[S,K]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    Segments.checkTiles(where, reads.get(0), reads.get(1).rows(), List.of(writes.get(3)));
  }
}
