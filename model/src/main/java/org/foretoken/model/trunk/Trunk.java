package org.foretoken.model.trunk;

import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.Layers;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.Tape;

/**
 * The main model up to, and without, the output head:
 *
 * <pre>
 *   ids [N] -> embed_tokens -> block 0 -> ... -> block L-1 -> norm -> hiddenStates h^0 [N,E]
 * </pre>
 */
public final class Trunk {
  private Trunk() {}

  /**
   * Emits the trunk.
   *
   * @param ids token ids, I32 [N]
   * @return h^0, the normed hidden states [N,E] that the output head and the first MTP module read
   */
  public static Tensor hiddenStates(Tape tape, ModelConfig config, Tensor ids, Rows rows) {
    Tensor x = Layers.embedding(tape, "embedding", ids, ParameterNames.EMBEDDING);
    for (int i = 0; i < config.layers(); i++) {
      x = TransformerBlock.apply(tape, config, ParameterNames.block(i), x, rows);
    }
    return Layers.rmsNorm(tape, x, ParameterNames.FINAL_NORM, config.rmsNormEps());
  }

  /** Name of the output head's weight: the embedding table itself where the two are tied. */
  public static String headWeight(ModelConfig config) {
    return config.tieEmbeddings() ? ParameterNames.EMBEDDING : ParameterNames.HEAD;
  }
}
