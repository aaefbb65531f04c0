package org.foretoken.bench.torch;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.mtp.MtpModule;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.trunk.Trunk;

/**
 * The same model in LibTorch's C++ API, from its own fused operations where it has them (RMSNorm,
 * attention), with the parameters of ours by name.
 */
final class TorchModel {
  private final ModelConfig config;
  private final boolean bf16;
  private final Map<String, Tensor> parameters = new HashMap<>();
  private final TorchExperts experts = new TorchExperts(this);
  private final Tensor rotations; // complex [positions, rotaryDim / 2]

  /**
   * Copies the parameters.
   *
   * @param values of a parameter, row-major
   * @param positions longest sequence
   * @param bf16 whether linear layers multiply in bfloat16
   */
  TorchModel(
      ModelConfig config,
      ModelLayout layout,
      Function<ParameterSpec, float[]> values,
      int positions,
      boolean bf16) {
    this.config = config;
    this.bf16 = bf16;
    layout
        .tensors()
        .forEach(s -> parameters.put(s.name(), copy(values.apply(s), s.shape().dims())));
    rotations = rotations(positions);
  }

  private static Tensor copy(float[] values, int... dims) {
    long[] sizes = new long[dims.length];
    for (int i = 0; i < dims.length; i++) {
      sizes[i] = dims[i];
    }
    Tensor t = torch.empty(sizes);
    new FloatPointer(t.data_ptr()).put(values);
    return t;
  }

  private Tensor rotations(int positions) {
    int rotaryDim =
        switch (config.attention()) {
          case AttentionConfig.GroupedQuery a -> a.headDim();
          case AttentionConfig.Latent a -> a.qkRopeHeadDim();
        };
    int pairs = rotaryDim / 2;
    float[] table = new float[positions * pairs * 2];
    for (int i = 0; i < positions; i++) {
      for (int j = 0; j < pairs; j++) {
        double angle = i * Math.pow(config.ropeTheta(), -2.0 * j / rotaryDim);
        table[2 * (i * pairs + j)] = (float) Math.cos(angle);
        table[2 * (i * pairs + j) + 1] = (float) Math.sin(angle);
      }
    }
    return torch.view_as_complex(copy(table, positions, pairs, 2));
  }

  Tensor parameter(String name) {
    return parameters.get(name);
  }

  Tensor linear(Tensor x, String weight) {
    return multiply(x, parameters.get(weight));
  }

  /** x w^T in the number format of linear layers. */
  Tensor multiply(Tensor x, Tensor w) {
    if (!bf16) {
      return torch.linear(x, w);
    }
    torch.ScalarType type = torch.ScalarType.BFloat16;
    return torch.linear(x.to(type), w.to(type)).to(torch.ScalarType.Float);
  }

  Tensor norm(Tensor x, String weight) {
    return torch.rms_norm(
        x,
        new long[] {x.size(-1)},
        new TensorOptional(parameters.get(weight)),
        new DoubleOptional(config.rmsNormEps()));
  }

  /** Turns x [B, T, H, D] by its positions from {@code first} on; returns [B, H, T, D]. */
  Tensor rope(Tensor x, int first) {
    long[] s = {x.size(0), x.size(1), x.size(2), x.size(3) / 2, 2};
    Tensor turns = rotations.narrow(0, first, s[1]).view(1, s[1], 1, s[3]);
    Tensor turned = torch.view_as_real(torch.view_as_complex(x.reshape(s)).mul(turns));
    return turned.flatten(3, 4).transpose(1, 2);
  }

  /** The complex factors that turn pairs at a position, [rotaryDim / 2]. */
  Tensor turns(int position) {
    return rotations.select(0, position);
  }

  /** The feed-forward network of a block: dense, or experts. */
  Tensor feedForward(int layer, Tensor x) {
    String mlp = ParameterNames.block(layer) + "mlp.";
    return config.feedForward() instanceof FeedForwardConfig.MixtureOfExperts m && m.routes(layer)
        ? experts.apply(m, mlp, x)
        : dense(mlp, x);
  }

  /** Whether a block's feed-forward network is experts. */
  boolean routes(int layer) {
    return config.feedForward() instanceof FeedForwardConfig.MixtureOfExperts m && m.routes(layer);
  }

  /** SwiGLU of the matrices whose names start with {@code mlp}. */
  Tensor dense(String mlp, Tensor x) {
    Tensor gate = torch.silu(linear(x, mlp + "gate_proj.weight"));
    Tensor up = linear(x, mlp + "up_proj.weight");
    return linear(gate.mul(up), mlp + "down_proj.weight");
  }

  /** Moves the biases of the routers, as after a training step. */
  void balance() {
    experts.balance();
  }

  /** A block on whole sequences x [B, T, E]. */
  private Tensor block(int layer, Tensor x) {
    String block = ParameterNames.block(layer);
    long b = x.size(0);
    long t = x.size(1);
    Tensor in = norm(x, block + "input_layernorm.weight");
    Tensor o =
        switch (config.attention()) {
          case AttentionConfig.GroupedQuery a -> groupedQuery(a, block + "self_attn.", in, b, t);
          case AttentionConfig.Latent a -> latent(a, block + "self_attn.", in, b, t);
        };
    Tensor joined = o.transpose(1, 2).reshape(b, t, o.size(1) * o.size(3));
    Tensor middle = x.add(linear(joined, block + "self_attn.o_proj.weight"));
    Tensor mlpIn = norm(middle, block + "post_attention_layernorm.weight");
    return middle.add(feedForward(layer, mlpIn));
  }

  private Tensor groupedQuery(
      AttentionConfig.GroupedQuery a, String attn, Tensor in, long b, long t) {
    Tensor q = linear(in, attn + "q_proj.weight").view(b, t, a.heads(), a.headDim());
    Tensor k = linear(in, attn + "k_proj.weight").view(b, t, a.kvHeads(), a.headDim());
    Tensor v = linear(in, attn + "v_proj.weight").view(b, t, a.kvHeads(), a.headDim());
    boolean grouped = a.kvHeads() != a.heads();
    return TorchOps.causal(rope(q, 0), rope(k, 0), v.transpose(1, 2), true, grouped);
  }

  /** Latent attention with keys and values of all heads expanded, as training does. */
  private Tensor latent(AttentionConfig.Latent a, String attn, Tensor in, long b, long t) {
    Tensor q =
        a.qLoraRank() == 0
            ? linear(in, attn + "q_proj.weight")
            : linear(
                norm(linear(in, attn + "q_a_proj.weight"), attn + "q_a_layernorm.weight"),
                attn + "q_b_proj.weight");
    q = q.view(b, t, a.heads(), a.headDim());
    int nope = a.qkNopeHeadDim();
    int turned = a.qkRopeHeadDim();
    Tensor down = linear(in, attn + "kv_a_proj_with_mqa.weight");
    Tensor compressed =
        norm(down.narrow(2, 0, a.kvLoraRank()).contiguous(), attn + "kv_a_layernorm.weight");
    Tensor kv =
        linear(compressed, attn + "kv_b_proj.weight")
            .view(b, t, a.heads(), nope + a.vHeadDim())
            .transpose(1, 2);
    Tensor key = rope(down.narrow(2, a.kvLoraRank(), turned).reshape(b, t, 1, turned), 0);
    Tensor queries =
        torch.cat(
            new TensorVector(
                q.narrow(3, 0, nope).transpose(1, 2), rope(q.narrow(3, nope, turned), 0)),
            -1);
    Tensor keys =
        torch.cat(new TensorVector(kv.narrow(3, 0, nope), key.expand(b, a.heads(), t, turned)), -1);
    return TorchOps.causal(queries, keys, kv.narrow(3, nope, a.vHeadDim()), true, false);
  }

  Tensor embed(Tensor ids) {
    return torch.embedding(parameters.get(ParameterNames.EMBEDDING), ids);
  }

  /** h^0 [B, T, E] of token ids [B, T]. */
  Tensor trunk(Tensor ids) {
    Tensor x = embed(ids);
    for (int i = 0; i < config.layers(); i++) {
      x = block(i, x);
    }
    return norm(x, ParameterNames.FINAL_NORM);
  }

  /** h^k [B, T, E] of module k. */
  Tensor module(int depth, Tensor previous, Tensor shiftedIds) {
    String block = MtpModule.prefix(config, depth);
    Tensor e = norm(embed(shiftedIds), block + "enorm.weight");
    Tensor h = norm(previous, block + "hnorm.weight");
    Tensor both = torch.cat(new TensorVector(e, h), -1);
    return block(config.layers() + depth - 1, linear(both, block + "eh_proj.weight"));
  }

  /** What module k's head reads. */
  Tensor headInput(int depth, Tensor hidden) {
    return norm(hidden, MtpModule.prefix(config, depth) + "shared_head.norm.weight");
  }

  /** Logits [.., V]. */
  Tensor head(Tensor x) {
    return linear(x, Trunk.headWeight(config));
  }

  /** Copies a parameter of a backend. */
  static float[] download(org.foretoken.kernels.graph.Backend backend, ParameterSpec spec) {
    float[] values = new float[Math.toIntExact(spec.elements())];
    backend.download(spec.name(), MemorySegment.ofArray(values));
    return values;
  }
}
