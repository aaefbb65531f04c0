package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Rotary position embedding on adjacent pairs (x[2j], x[2j+1]), angle = positions[i] *
 * theta^(-2j/rotaryDim), the pairing of DeepSeek's published code.
 *
 * <p>{@code x F32[N,C], positions I32[N] -> y F32[N,C]}
 *
 * @param heads heads side by side in a row
 * @param headDim columns of a head
 * @param rotaryDim the last rotaryDim columns of each head are rotated; even
 * @param theta base of the frequencies
 * @param inverse rotate backwards: the gradient of the forward rotation
 */
public record Rope(int heads, int headDim, int rotaryDim, double theta, boolean inverse)
    implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("x F32[N,C], positions I32[N] -> y F32[N,C]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of("C", heads * headDim);
  }
}
