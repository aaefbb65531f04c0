package org.foretoken.fp8;

/** The operations of a language model that a precision plan speaks of. */
public enum Operation {
  /** Token embedding, a table look-up. */
  EMBEDDING(true),
  /** RMSNorm. */
  NORM(true),
  /** Query, key and value projections, the low-rank ones of MLA among them. */
  ATTENTION_INPUT(true),
  /** Scores, softmax and the weighted sum; no weights. */
  ATTENTION(false),
  /** The linear layer after attention. */
  ATTENTION_OUTPUT(true),
  /** The gate that routes tokens to experts. */
  ROUTER(true),
  /** The gate and up projections of a SwiGLU feed-forward network or expert. */
  FEED_FORWARD_INPUT(true),
  /** SwiGLU; no weights. */
  SWIGLU(false),
  /** The down projection of a feed-forward network or expert. */
  FEED_FORWARD_OUTPUT(true),
  /**
   * The projection that joins hidden state and embedding in an MTP module; BF16 in DeepSeek-V3's
   * published weights (eh_proj, without scales).
   */
  MTP_PROJECTION(true),
  /** The output head, shared by the MTP modules. */
  OUTPUT_HEAD(true);

  private final boolean hasWeights;

  Operation(boolean hasWeights) {
    this.hasWeights = hasWeights;
  }

  /** Whether the operation has parameters. */
  public boolean hasWeights() {
    return hasWeights;
  }

  /** Whether the operation is one of the linear layers that FP8 recipes run in FP8. */
  public boolean isLinear() {
    return switch (this) {
      case ATTENTION_INPUT, ATTENTION_OUTPUT, FEED_FORWARD_INPUT, FEED_FORWARD_OUTPUT -> true;
      case EMBEDDING, NORM, ATTENTION, ROUTER, SWIGLU, MTP_PROJECTION, OUTPUT_HEAD -> false;
    };
  }
}
