package org.foretoken.model.trunk;

import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.CachedAttention;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.Layers;
import org.foretoken.model.nn.Linear;
import org.foretoken.model.nn.LinearPrecision;
import org.foretoken.model.nn.Tape;

/** Causal self-attention of one block, without norm and residual. */
final class SelfAttention {
  private SelfAttention() {}

  /** Applies the attention that {@code config} asks for to x [N,E]; returns [N,E]. */
  static Tensor apply(Tape tape, ModelConfig config, String block, Tensor x, Rows rows) {
    return switch (config.attention()) {
      case AttentionConfig.GroupedQuery a -> groupedQuery(tape, config, a, block, x, rows);
      case AttentionConfig.Latent a -> LatentAttention.apply(tape, config, a, block, x, rows);
    };
  }

  private static Tensor groupedQuery(
      Tape tape,
      ModelConfig config,
      AttentionConfig.GroupedQuery a,
      String block,
      Tensor x,
      Rows rows) {
    String attn = block + "self_attn.";
    LinearPrecision precision = tape.precision().blockLinear();
    Tensor q = Linear.apply(tape, x, attn + "q_proj.weight", precision);
    Tensor k = Linear.apply(tape, x, attn + "k_proj.weight", precision);
    Tensor v = Linear.apply(tape, x, attn + "v_proj.weight", precision);
    Tensor positions = rows.positions();
    double theta = config.ropeTheta();
    Tensor qr = Layers.rope(tape, attn + "q_rope", q, positions, a.heads(), a.headDim(), theta);
    Tensor kr = Layers.rope(tape, attn + "k_rope", k, positions, a.kvHeads(), a.headDim(), theta);
    float scale = (float) (1.0 / Math.sqrt(a.headDim()));
    Attention op = new Attention(a.heads(), a.kvHeads(), a.headDim(), a.valueDim(), scale);
    Tensor o =
        switch (rows) {
          case Rows.Packed p -> packed(tape, attn, op, qr, kr, v, p);
          case Rows.Cached c -> cached(tape, attn, op, qr, kr, v, c);
        };
    return Linear.apply(tape, o, attn + "o_proj.weight", precision);
  }

  /** Attention among the rows of the graph itself, with its gradient. */
  static Tensor packed(
      Tape tape, String attn, Attention op, Tensor q, Tensor k, Tensor v, Rows.Packed rows) {
    Tensor o = tape.value(attn + "attention", q.rows(), op.heads() * op.valueDim());
    Tensor lse = tape.value(attn + "lse", q.rows(), op.heads());
    tape.emit(attn + "attention", op, List.of(q, k, v, rows.firstRow()), List.of(o, lse));
    tape.precision().attentionOutput().keep(tape, o);
    tape.onBackward(
        () -> {
          Tensor dq = tape.value("grad." + q.name(), q.shape().dims());
          Tensor dk = tape.value("grad." + k.name(), k.shape().dims());
          Tensor dv = tape.value("grad." + v.name(), v.shape().dims());
          tape.emit(
              attn + "attention/grad",
              new AttentionGrad(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale()),
              List.of(q, k, v, rows.firstRow(), tape.restored(o), lse, tape.gradient(o)),
              List.of(dq, dk, dv));
          tape.addOwnedGradient(q, dq);
          tape.addOwnedGradient(k, dk);
          tape.addOwnedGradient(v, dv);
        });
    return o;
  }

  /** Attention of new rows to the block's key and value caches, after they have entered them. */
  private static Tensor cached(
      Tape tape, String attn, Attention op, Tensor q, Tensor k, Tensor v, Rows.Cached rows) {
    Tensor keys = append(tape, attn + "key_cache", k, rows);
    Tensor values = append(tape, attn + "value_cache", v, rows);
    Tensor o = tape.value(attn + "attention", q.rows(), op.heads() * op.valueDim());
    tape.emit(
        attn + "attention",
        new CachedAttention(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale()),
        List.of(q, keys, values, rows.begins(), rows.ends()),
        List.of(o));
    return o;
  }

  static Tensor append(Tape tape, String name, Tensor x, Rows.Cached rows) {
    Tensor cache = tape.graph().declare(name, DType.F32, Role.STATE, rows.capacity(), x.columns());
    tape.emit(name + "/append", new CacheAppend(), List.of(x, rows.slots()), List.of(cache));
    return cache;
  }
}
