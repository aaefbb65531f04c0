package org.foretoken.bench.torch;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;

/**
 * Greedy decoding of the same trunk by LibTorch, with caches of keys and values made beforehand.
 */
public final class TorchDecoder {
  private final ModelConfig config;
  private final AttentionConfig.GroupedQuery attention;
  private final TorchModel model;
  private final Tensor[] keys; // [1, kvHeads, capacity, headDim] by layer
  private final Tensor[] values;
  private long nanos;

  /** Takes the weights that lie on a backend; FP32. */
  public TorchDecoder(ModelConfig config, ModelLayout layout, Backend backend, int capacity) {
    this.config = config;
    if (!(config.attention() instanceof AttentionConfig.GroupedQuery a)) {
      throw new NotMeasured("the LibTorch decoder has grouped-query attention alone");
    }
    attention = a;
    model = new TorchModel(config, layout, s -> TorchModel.download(backend, s), capacity, false);
    keys = new Tensor[config.layers()];
    values = new Tensor[config.layers()];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = torch.zeros(1, a.kvHeads(), capacity, a.headDim());
      values[i] = torch.zeros(1, a.kvHeads(), capacity, a.headDim());
    }
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
      Tensor x = model.embed(LibTorch.indices(token)).view(1, 1, config.hiddenSize());
      for (int i = 0; i < config.layers(); i++) {
        x = block(i, x, position);
      }
      Tensor hidden = model.norm(x, ParameterNames.FINAL_NORM);
      return (int) model.head(hidden).argmax().item_long();
    }
  }

  private Tensor block(int layer, Tensor x, int position) {
    String block = ParameterNames.block(layer);
    String attn = block + "self_attn.";
    AttentionConfig.GroupedQuery a = attention;
    Tensor in = model.norm(x, block + "input_layernorm.weight");
    Tensor q = model.linear(in, attn + "q_proj.weight").view(1, 1, a.heads(), a.headDim());
    Tensor k = model.linear(in, attn + "k_proj.weight").view(1, 1, a.kvHeads(), a.headDim());
    Tensor v = model.linear(in, attn + "v_proj.weight").view(1, 1, a.kvHeads(), a.headDim());
    keys[layer].narrow(2, position, 1).copy_(model.rope(k, position));
    values[layer].narrow(2, position, 1).copy_(v.transpose(1, 2));
    Tensor o =
        TorchOps.causal(
            model.rope(q, position),
            keys[layer].narrow(2, 0, position + 1L),
            values[layer].narrow(2, 0, position + 1L),
            false,
            a.kvHeads() != a.heads());
    Tensor joined = o.transpose(1, 2).reshape(1, 1, a.heads() * (long) a.headDim());
    Tensor middle = x.add(model.linear(joined, attn + "o_proj.weight"));
    Tensor mlpIn = model.norm(middle, block + "post_attention_layernorm.weight");
    return middle.add(model.feedForward(layer, mlpIn));
  }
}
