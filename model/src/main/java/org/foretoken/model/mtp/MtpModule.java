package org.foretoken.model.mtp;

import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.MtpControl;
import org.foretoken.model.nn.Layers;
import org.foretoken.model.nn.Linear;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.trunk.Rows;
import org.foretoken.model.trunk.TransformerBlock;

/**
 * The MTP module of depth k (DeepSeek-V3, section 2.2, equations 21 to 23):
 *
 * <pre>
 *   h^{k-1}_i ------- hnorm --+
 *                             +-- concat -- eh_proj (M_k) -- block -- h^k_i -- shared_head.norm -- head
 *   Emb(t_{i+k}) ---- enorm --+                              |
 *                                                            +--> module k+1
 * </pre>
 *
 * <p>Row i sees the hidden state of position i and the embedding of token t_{i+k}, which is known
 * when t_{i+k+1} is predicted, and, through the causal block, earlier rows of the same module.
 * Embedding table and output head are the trunk's own tensors. The columns of eh_proj are in the
 * order of DeepSeek's published weights, embedding first; the paper writes the hidden state first,
 * which is the same module with the columns of M_k exchanged. h^0 is the trunk's output after its
 * final norm, as the published weights expect it.
 */
public final class MtpModule {
  /**
   * What a module leaves behind.
   *
   * @param hiddenStates h^k [N,E], input of the next module
   * @param headInput shared_head.norm(h^k) [N,E], input of the shared output head
   */
  public record Output(Tensor hiddenStates, Tensor headInput) {}

  private MtpModule() {}

  /**
   * Emits module k.
   *
   * @param depth k, from 1
   * @param previous h^{k-1} [N,E]
   * @param shiftedIds t_{i+k} for each row i, I32 [N]
   */
  public static Output apply(
      Tape tape, ModelConfig config, int depth, Tensor previous, Tensor shiftedIds, Rows rows) {
    String block = prefix(config, depth);
    float eps = config.rmsNormEps();
    Tensor embedded =
        Layers.embedding(tape, block + "embedding", shiftedIds, ParameterNames.EMBEDDING);
    Tensor e = Layers.rmsNorm(tape, embedded, block + "enorm.weight", eps);
    Tensor h = Layers.rmsNorm(tape, previous, block + "hnorm.weight", eps);
    Tensor both = Layers.concat(tape, block + "concat", e, h);
    Tensor projected =
        Linear.apply(tape, both, block + "eh_proj.weight", tape.precision().ehProj());
    boolean masked = config.mtpControl() != MtpControl.NO_MASK;
    Rows seen = masked ? rows : rows.withoutMask(tape.graph());
    Tensor hidden = TransformerBlock.apply(tape, config, block, projected, seen);
    Tensor headInput = Layers.rmsNorm(tape, hidden, block + "shared_head.norm.weight", eps);
    return new Output(hidden, headInput);
  }

  /** Prefix of the parameters of the module of depth k. */
  public static String prefix(ModelConfig config, int depth) {
    return ParameterNames.block(config.layers() + depth - 1);
  }
}
