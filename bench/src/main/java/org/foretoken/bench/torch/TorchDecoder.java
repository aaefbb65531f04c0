package org.foretoken.bench.torch;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.trunk.Trunk;

/**
 * Greedy decoding of the same trunk by LibTorch, with caches of keys and values made beforehand.
 *
 * <p>Written for one row: products are {@code mv}, which takes a fifth of the time of {@code
 * linear} on a matrix of one row (OpenBLAS packs the whole weight for that), queries, keys and
 * values are one product and one rotation, and gate and up are one product.
 */
public final class TorchDecoder {
  private final ModelConfig config;
  private final AttentionConfig.GroupedQuery attention;
  private final TorchModel model;
  private final Layer[] layers;
  private final Tensor head;
  private long nanos;

  /**
   * What a block needs.
   *
   * @param qkv weights of queries, keys and values, below one another
   * @param gateUp weights of gate and up, below one another; null where the block has experts
   * @param keys [kvHeads, capacity, headDim]
   * @param values likewise
   */
  private record Layer(
      int index,
      String block,
      Tensor qkv,
      Tensor out,
      Tensor gateUp,
      Tensor down,
      Tensor keys,
      Tensor values) {}

  /** Takes the weights that lie on a backend; FP32. */
  public TorchDecoder(ModelConfig config, ModelLayout layout, Backend backend, int capacity) {
    this.config = config;
    if (!(config.attention() instanceof AttentionConfig.GroupedQuery a)) {
      throw new NotMeasured("the LibTorch decoder has grouped-query attention alone");
    }
    attention = a;
    model = new TorchModel(config, layout, s -> TorchModel.download(backend, s), capacity, false);
    head = model.parameter(Trunk.headWeight(config));
    layers = new Layer[config.layers()];
    for (int i = 0; i < layers.length; i++) {
      layers[i] = layer(i, capacity);
    }
  }

  private Layer layer(int i, int capacity) {
    String block = ParameterNames.block(i);
    String attn = block + "self_attn.";
    String mlp = block + "mlp.";
    boolean dense = !model.routes(i);
    return new Layer(
        i,
        block,
        stacked(attn + "q_proj.weight", attn + "k_proj.weight", attn + "v_proj.weight"),
        model.parameter(attn + "o_proj.weight"),
        dense ? stacked(mlp + "gate_proj.weight", mlp + "up_proj.weight") : null,
        dense ? model.parameter(mlp + "down_proj.weight") : null,
        torch.zeros(attention.kvHeads(), capacity, attention.headDim()),
        torch.zeros(attention.kvHeads(), capacity, attention.headDim()));
  }

  private Tensor stacked(String... weights) {
    Tensor[] parts = new Tensor[weights.length];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = model.parameter(weights[i]);
    }
    return torch.cat(new TensorVector(parts), 0);
  }

  /** Continues a prompt by {@code count} tokens. */
  public int[] generate(int[] prompt, int count) {
    int[] tokens = new int[count];
    for (int i = 0; i < prompt.length - 1; i++) {
      step(prompt[i], i);
    }
    int last = prompt[prompt.length - 1];
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      last = step(last, prompt.length - 1 + i);
      tokens[i] = last;
    }
    nanos = System.nanoTime() - start;
    return tokens;
  }

  /** Time of the last generation after its prompt. */
  public long nanosOfTokens() {
    return nanos;
  }

  /** Feeds a token; returns the likeliest next one. */
  private int step(int token, int position) {
    try (PointerScope _ = new PointerScope();
        AutoGradMode _ = new AutoGradMode(false)) {
      Tensor turns = model.turns(position);
      Tensor x = model.parameter(ParameterNames.EMBEDDING).select(0, token);
      for (Layer layer : layers) {
        x = block(layer, x, turns, position);
      }
      return (int) head.mv(model.norm(x, ParameterNames.FINAL_NORM)).argmax().item_long();
    }
  }

  /** A block on x [E]. */
  private Tensor block(Layer layer, Tensor x, Tensor turns, int position) {
    int turned = attention.heads() + attention.kvHeads();
    int width = attention.headDim();
    Tensor qkv = layer.qkv.mv(model.norm(x, layer.block + "input_layernorm.weight"));
    Tensor pairs = qkv.narrow(0, 0, (long) turned * width).view(turned, width / 2, 2);
    Tensor qk = torch.view_as_real(torch.view_as_complex(pairs).mul(turns)).view(turned, width);
    Tensor k = qk.narrow(0, attention.heads(), attention.kvHeads());
    Tensor v = qkv.narrow(0, (long) turned * width, (long) attention.kvHeads() * width);
    layer.keys.select(1, position).copy_(k);
    layer.values.select(1, position).copy_(v.view(attention.kvHeads(), width));
    Tensor o =
        TorchOps.causal(
            qk.narrow(0, 0, attention.heads()).view(1, attention.heads(), 1, width),
            layer.keys.narrow(1, 0, position + 1L).unsqueeze(0),
            layer.values.narrow(1, 0, position + 1L).unsqueeze(0),
            false,
            attention.kvHeads() != attention.heads());
    return feedForward(layer, torch.addmv(x, layer.out, o.reshape(-1)));
  }

  private Tensor feedForward(Layer layer, Tensor x) {
    Tensor in = model.norm(x, layer.block + "post_attention_layernorm.weight");
    if (layer.gateUp == null) {
      Tensor rows = in.view(1, 1, config.hiddenSize());
      return x.add(model.feedForward(layer.index, rows).view(config.hiddenSize()));
    }
    Tensor gateUp = layer.gateUp.mv(in);
    long width = gateUp.size(0) / 2;
    Tensor inner = torch.silu_(gateUp.narrow(0, 0, width)).mul_(gateUp.narrow(0, width, width));
    return torch.addmv(x, layer.down, inner);
  }
}
