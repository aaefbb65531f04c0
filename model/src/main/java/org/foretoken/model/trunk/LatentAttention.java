package org.foretoken.model.trunk;

import java.util.List;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.AbsorbQuery;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.CachedLatentAttention;
import org.foretoken.kernels.op.ExpandLatent;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.AbsorbedWeight;
import org.foretoken.model.nn.Layers;
import org.foretoken.model.nn.Linear;
import org.foretoken.model.nn.LinearPrecision;
import org.foretoken.model.nn.Tape;

/**
 * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1; DeepSeek-V3, section
 * 2.1.1), in the parameters of DeepSeek's published weights:
 *
 * <pre>
 *   x -- q_a_proj -- q_a_layernorm -- q_b_proj -- [q_nope ; q_rope] of each head -- RoPE --+ (1)
 *   x -- kv_a_proj_with_mqa --+-- k_rope, one for all heads -- RoPE ----------------------+
 *                             |                                                           |
 *                             +-- c_kv -- kv_a_layernorm -- kv_b_proj -- [k_nope ; v] ----+
 *                                                                                         |
 *   out -- o_proj -- softmax([q_nope ; q_rope] [k_nope ; k_rope]^T / sqrt(nope + rope)) v -+
 *
 *   (1) or q_proj alone, without query compression
 * </pre>
 *
 * <p>Training and evaluation expand keys and values as drawn. Decoding does not: see {@link
 * #cached}.
 *
 * <p>RoPE is the plain one; YaRN, with which DeepSeek stretched the context afterwards, and its
 * factor on the softmax scale are left out.
 */
final class LatentAttention {
  private LatentAttention() {}

  /** Applies the attention to x [N,E]; returns [N,E]. */
  static Tensor apply(
      Tape tape, ModelConfig config, AttentionConfig.Latent a, String block, Tensor x, Rows rows) {
    String attn = block + "self_attn.";
    Tensor q = queries(tape, config, a, attn, x, rows);
    Latent latent = compress(tape, config, a, attn, x, rows);
    Tensor o =
        switch (rows) {
          case Rows.Packed p -> packed(tape, a, attn, q, latent, p);
          case Rows.Cached c -> cached(tape, a, attn, q, latent, c);
        };
    return Linear.apply(tape, o, attn + "o_proj.weight", tape.precision().blockLinear());
  }

  /**
   * What there is to know of a token.
   *
   * @param normed kv_a_layernorm(c_kv) [N,kvLoraRank]
   * @param key the rotary key that all heads share, turned to its position [N,qkRopeHeadDim]
   */
  private record Latent(Tensor normed, Tensor key) {}

  /** Queries of all heads, their last columns turned to their positions: [N, heads * headDim]. */
  private static Tensor queries(
      Tape tape, ModelConfig config, AttentionConfig.Latent a, String attn, Tensor x, Rows rows) {
    LinearPrecision precision = tape.precision().blockLinear();
    Tensor q;
    if (a.qLoraRank() == 0) {
      q = Linear.apply(tape, x, attn + "q_proj.weight", precision);
    } else {
      Tensor down = Linear.apply(tape, x, attn + "q_a_proj.weight", precision);
      String norm = attn + "q_a_layernorm.weight";
      Tensor compressed = Layers.rmsNorm(tape, down, norm, config.rmsNormEps());
      q = Linear.apply(tape, compressed, attn + "q_b_proj.weight", precision);
    }
    return Layers.rope(
        tape,
        attn + "q_rope",
        q,
        rows.positions(),
        a.heads(),
        a.qkRopeHeadDim(),
        config.ropeTheta());
  }

  private static Latent compress(
      Tape tape, ModelConfig config, AttentionConfig.Latent a, String attn, Tensor x, Rows rows) {
    Tensor down =
        Linear.apply(tape, x, attn + "kv_a_proj_with_mqa.weight", tape.precision().blockLinear());
    Layers.Columns parts = Layers.split(tape, attn + "kv_a_split", down, a.kvLoraRank());
    String norm = attn + "kv_a_layernorm.weight";
    Tensor normed = Layers.rmsNorm(tape, parts.left(), norm, config.rmsNormEps());
    Tensor key =
        Layers.rope(
            tape,
            attn + "k_rope",
            parts.right(),
            rows.positions(),
            1,
            a.qkRopeHeadDim(),
            config.ropeTheta());
    return new Latent(normed, key);
  }

  /** Keys and values of all heads, expanded from the latent, and attention among the rows. */
  private static Tensor packed(
      Tape tape, AttentionConfig.Latent a, String attn, Tensor q, Latent latent, Rows.Packed rows) {
    Tensor kv =
        Linear.apply(
            tape, latent.normed, attn + "kv_b_proj.weight", tape.precision().blockLinear());
    Tensor k = tape.value(attn + "k", q.rows(), a.heads() * a.headDim());
    Tensor v = tape.value(attn + "v", q.rows(), a.heads() * a.vHeadDim());
    int nope = a.qkNopeHeadDim();
    int rope = a.qkRopeHeadDim();
    tape.emit(
        attn + "latent_heads",
        new LatentHeads(a.heads(), nope, rope, a.vHeadDim()),
        List.of(kv, latent.key),
        List.of(k, v));
    tape.onBackward(
        () -> {
          Tensor dkv = tape.value("grad." + kv.name(), kv.shape().dims());
          Tensor dKey = tape.value("grad." + latent.key.name(), latent.key.shape().dims());
          tape.emit(
              attn + "latent_heads/grad",
              new LatentHeadsGrad(a.heads(), nope, rope, a.vHeadDim()),
              List.of(tape.gradient(k), tape.gradient(v)),
              List.of(dkv, dKey));
          tape.addOwnedGradient(kv, dkv);
          tape.addOwnedGradient(latent.key, dKey);
        });
    Attention op = new Attention(a.heads(), a.heads(), a.headDim(), a.vHeadDim(), scale(a));
    return SelfAttention.packed(tape, attn, op, q, k, v, rows);
  }

  /**
   * Attention of new rows to the block's cache of latents, with the weights that would expand them
   * absorbed (DeepSeek-V2, section 2.1.2): as (W_UK c)^T q = c^T (W_UK^T q), queries are brought to
   * the latent once instead of each cached latent to keys, and what a head gathers is expanded to
   * values after the sum over keys. The numbers are those of {@link #packed} but for rounding.
   */
  private static Tensor cached(
      Tape tape, AttentionConfig.Latent a, String attn, Tensor q, Latent latent, Rows.Cached rows) {
    int rank = a.kvLoraRank();
    int rope = a.qkRopeHeadDim();
    Tensor row = Layers.concat(tape, attn + "latent_row", latent.normed, latent.key);
    Tensor cache = SelfAttention.append(tape, attn + "latent_cache", row, rows);
    AbsorbedWeight w =
        AbsorbedWeight.of(tape, attn + "kv_b_proj.weight", tape.precision().blockLinear());
    Tensor absorbed = tape.value(attn + "q_absorbed", q.rows(), a.heads() * (rank + rope));
    tape.emit(
        attn + "absorb_query",
        new AbsorbQuery(a.heads(), a.qkNopeHeadDim(), rope, a.vHeadDim(), rank, w.operands()),
        List.of(q, w.weight()),
        List.of(absorbed));
    CachedLatentAttention op = new CachedLatentAttention(a.heads(), rank, rope, scale(a));
    Tensor gathered = gather(tape, attn + "attention", op, absorbed, cache, rows, rows.begins());
    if (!rows.masked()) {
      // Of the row and what comes after it there is the row.
      Tensor after =
          gather(tape, attn + "attention_after", op, absorbed, cache, rows, rows.slots());
      gathered = Layers.add(tape, attn + "attention_unmasked", gathered, after);
    }
    Tensor o = tape.value(attn + "expanded", q.rows(), a.heads() * a.vHeadDim());
    tape.emit(
        attn + "expand_latent",
        new ExpandLatent(a.heads(), a.qkNopeHeadDim(), a.vHeadDim(), rank, w.operands()),
        List.of(gathered, w.weight()),
        List.of(o));
    return o;
  }

  private static Tensor gather(
      Tape tape,
      String label,
      CachedLatentAttention op,
      Tensor absorbed,
      Tensor cache,
      Rows.Cached rows,
      Tensor begins) {
    Tensor gathered = tape.value(label, absorbed.rows(), op.heads() * op.latentDim());
    tape.emit(label, op, List.of(absorbed, cache, begins, rows.ends()), List.of(gathered));
    return gathered;
  }

  private static float scale(AttentionConfig.Latent a) {
    return (float) (1.0 / Math.sqrt(a.headDim()));
  }
}
