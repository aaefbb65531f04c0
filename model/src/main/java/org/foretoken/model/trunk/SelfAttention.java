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

  /** Attention among the rows of the graph itself; without a mask, in both directions. */
  static Tensor packed(
      Tape tape, String attn, Attention op, Tensor q, Tensor k, Tensor v, Rows.Packed rows) {
    Tensor o = causal(tape, attn + "attention", op, q, k, v, rows);
    if (rows.mirrored() == null) {
      return o;
    }
    Tensor mirror = rows.mirrored();
    Tensor qm = Layers.mirror(tape, attn + "q_mirrored", q, mirror);
    Tensor km = Layers.mirror(tape, attn + "k_mirrored", k, mirror);
    Tensor vm = Layers.mirror(tape, attn + "v_mirrored", v, mirror);
    Tensor om = causal(tape, attn + "attention_mirrored", op, qm, km, vm, rows);
    Tensor after = Layers.mirror(tape, attn + "attention_after", om, mirror);
    return Layers.add(tape, attn + "attention_unmasked", o, after);
  }

  /** Causal attention among the rows of the graph itself, with its gradient. */
  private static Tensor causal(
      Tape tape, String label, Attention op, Tensor q, Tensor k, Tensor v, Rows.Packed rows) {
    Tensor o = tape.value(label, q.rows(), op.heads() * op.valueDim());
    Tensor lse = tape.value(label + ".lse", q.rows(), op.heads());
    tape.emit(label, op, List.of(q, k, v, rows.firstRow()), List.of(o, lse));
    tape.precision().attentionOutput().keep(tape, o);
    tape.onBackward(
        () -> {
          Tensor dq = tape.value("grad." + q.name(), q.shape().dims());
          Tensor dk = tape.value("grad." + k.name(), k.shape().dims());
          Tensor dv = tape.value("grad." + v.name(), v.shape().dims());
          tape.emit(
              label + "/grad",
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
    CachedAttention cached =
        new CachedAttention(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale());
    Tensor o = cached(tape, attn + "attention", cached, q, keys, values, rows, rows.begins());
    if (rows.masked()) {
      return o;
    }
    // Of the row and what comes after it there is the row.
    Tensor after =
        cached(tape, attn + "attention_after", cached, q, keys, values, rows, rows.slots());
    return Layers.add(tape, attn + "attention_unmasked", o, after);
  }

  private static Tensor cached(
      Tape tape,
      String label,
      CachedAttention op,
      Tensor q,
      Tensor keys,
      Tensor values,
      Rows.Cached rows,
      Tensor begins) {
    Tensor o = tape.value(label, q.rows(), op.heads() * op.valueDim());
    tape.emit(label, op, List.of(q, keys, values, begins, rows.ends()), List.of(o));
    return o;
  }

  static Tensor append(Tape tape, String name, Tensor x, Rows.Cached rows) {
    Tensor cache = tape.graph().declare(name, DType.F32, Role.STATE, rows.capacity(), x.columns());
    tape.emit(name + "/append", new CacheAppend(), List.of(x, rows.slots()), List.of(cache));
    return cache;
  }
}
