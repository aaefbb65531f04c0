package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * y = x in the other of the two types: to BF16 rounded to nearest even, to FP32 exactly.
 *
 * <p>{@code x F32|BF16[*] -> y F32|BF16[*]}
 */
public record Cast() implements Op {
  private static final Signature SIGNATURE = Signature.parse("x F32|BF16[*] -> y F32|BF16[*]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    if (reads.get(0).dtype() == writes.get(0).dtype()) {
      throw new GraphException(
          where
              + ": operand '"
              + writes.get(0)
              + "' expected the other type than "
              + reads.get(0).dtype()
              + ", found the same");
    }
  }
}
