package org.foretoken.model.trunk;

import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.Layers;
import org.foretoken.model.nn.Linear;
import org.foretoken.model.nn.LinearPrecision;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.Tape;

/**
 * A pre-norm transformer block: x + Attention(RMSNorm(x)), then x + FFN(RMSNorm(x)), where the
 * feed-forward network is a dense SwiGLU or a {@link MixtureOfExperts}.
 *
 * <p>The trunk and the MTP modules are made of the same block.
 */
public final class TransformerBlock {
  private TransformerBlock() {}

  /**
   * Applies the block whose parameters start with {@code block}.
   *
   * @param x hidden states [N,E]
   * @return hidden states [N,E]
   */
  public static Tensor apply(Tape tape, ModelConfig config, String block, Tensor x, Rows rows) {
    return tape.block(x, in -> layers(tape, config, block, in, rows));
  }

  private static Tensor layers(Tape tape, ModelConfig config, String block, Tensor x, Rows rows) {
    float eps = config.rmsNormEps();
    Tensor attentionIn = Layers.rmsNorm(tape, x, block + "input_layernorm.weight", eps);
    Tensor attention = SelfAttention.apply(tape, config, block, attentionIn, rows);
    Tensor middle = Layers.add(tape, block + "attention_residual", x, attention);
    Tensor mlpIn = Layers.rmsNorm(tape, middle, block + "post_attention_layernorm.weight", eps);
    Tensor mlp = feedForward(tape, config, block + "mlp.", mlpIn, rows);
    return Layers.add(tape, block + "mlp_residual", middle, mlp);
  }

  /** The network that the model's layout has at {@code mlp}. */
  private static Tensor feedForward(
      Tape tape, ModelConfig config, String mlp, Tensor x, Rows rows) {
    return config.feedForward() instanceof FeedForwardConfig.MixtureOfExperts m
            && tape.hasParameter(mlp + ParameterNames.ROUTER)
        ? MixtureOfExperts.apply(tape, m, mlp, x, rows)
        : dense(tape, mlp, x);
  }

  /** W_down (silu(W_gate x) * W_up x). */
  static Tensor dense(Tape tape, String mlp, Tensor x) {
    LinearPrecision precision = tape.precision().blockLinear();
    Tensor gate = Linear.apply(tape, x, mlp + "gate_proj.weight", precision);
    Tensor up = Linear.apply(tape, x, mlp + "up_proj.weight", precision);
    Tensor inner = Layers.swiGlu(tape, mlp + "swiglu", gate, up);
    return Linear.apply(tape, inner, mlp + "down_proj.weight", precision);
  }
}
