package org.foretoken.fp8;

/** When the amax behind a scale is taken. */
public sealed interface Scaling {
  /**
   * From the very values that are quantized (DeepSeek-V3, section 3.3.2, "online quantization").
   */
  Scaling ONLINE = new Online();

  /** From the very values that are quantized. */
  record Online() implements Scaling {}

  /**
   * From the amax of earlier steps, as in NVIDIA's Transformer Engine: scale = 2^margin *
   * max(history) / max(format); 1 while there is no history.
   *
   * @param historyLength steps that are remembered
   * @param margin binades of head-room
   */
  record Delayed(int historyLength, int margin) implements Scaling {
    public Delayed {
      if (historyLength < 1 || margin < 0) {
        throw new InputException(
            String.format(
                "scaling.delayed: expected history >= 1 and margin >= 0, found history %d, margin %d",
                historyLength, margin));
      }
    }
  }
}
