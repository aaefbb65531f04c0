package org.foretoken.model.nn;

import static org.foretoken.model.nn.ParameterSpec.Init.BALANCE;
import static org.foretoken.model.nn.ParameterSpec.Init.NORMAL;
import static org.foretoken.model.nn.ParameterSpec.Init.NORMAL_RESIDUAL;
import static org.foretoken.model.nn.ParameterSpec.Init.ONES;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.foretoken.kernels.graph.Shape;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;

/**
 * Every parameter and buffer of a model by name: the one list that initialisation, training,
 * checkpoints and the memory bill go by. It allocates nothing.
 *
 * <p>Parameters are trained; a buffer is state of the model that is not: it is saved, restored and
 * exported with the parameters, and has neither gradient nor moments. The matrices that a block's
 * routed experts have in common are one parameter, a stack [experts, out, in], and one tensor for
 * each expert in files: {@link ParameterSpec#files}.
 *
 * <p>The trunk comes first and does not depend on the number of MTP modules, so that a model with
 * {@code mtpDepth = 0} is the trunk of the same model with modules, parameter for parameter.
 */
public final class ModelLayout {
  private final Map<String, ParameterSpec> specs = new LinkedHashMap<>();
  private final Map<String, ParameterSpec> buffers = new LinkedHashMap<>();

  private ModelLayout() {}

  /** The parameters of {@code config}. */
  public static ModelLayout of(ModelConfig config) {
    ModelLayout layout = new ModelLayout();
    int e = config.hiddenSize();
    layout.add(ParameterNames.EMBEDDING, NORMAL, config.vocabSize(), e);
    for (int i = 0; i < config.layers(); i++) {
      layout.addBlock(config, i);
    }
    layout.add(ParameterNames.FINAL_NORM, ONES, e);
    if (!config.tieEmbeddings()) {
      layout.add(ParameterNames.HEAD, NORMAL, config.vocabSize(), e);
    }
    for (int k = 1; k <= config.mtpDepth(); k++) {
      int layer = config.layers() + k - 1;
      String block = ParameterNames.block(layer);
      layout.add(block + "enorm.weight", ONES, e);
      layout.add(block + "hnorm.weight", ONES, e);
      layout.add(block + "eh_proj.weight", NORMAL, e, 2 * e);
      layout.addBlock(config, layer);
      layout.add(block + "shared_head.norm.weight", ONES, e);
    }
    return layout;
  }

  private void addBlock(ModelConfig config, int layer) {
    String block = ParameterNames.block(layer);
    int e = config.hiddenSize();
    add(block + "input_layernorm.weight", ONES, e);
    switch (config.attention()) {
      case AttentionConfig.GroupedQuery a -> {
        add(block + "self_attn.q_proj.weight", NORMAL, a.heads() * a.headDim(), e);
        add(block + "self_attn.k_proj.weight", NORMAL, a.kvHeads() * a.headDim(), e);
        add(block + "self_attn.v_proj.weight", NORMAL, a.kvHeads() * a.headDim(), e);
        add(block + "self_attn.o_proj.weight", NORMAL_RESIDUAL, e, a.heads() * a.headDim());
      }
      case AttentionConfig.Latent a -> {
        String attn = block + "self_attn.";
        int queries = a.heads() * a.headDim();
        if (a.qLoraRank() == 0) {
          add(attn + "q_proj.weight", NORMAL, queries, e);
        } else {
          add(attn + "q_a_proj.weight", NORMAL, a.qLoraRank(), e);
          add(attn + "q_a_layernorm.weight", ONES, a.qLoraRank());
          add(attn + "q_b_proj.weight", NORMAL, queries, a.qLoraRank());
        }
        add(attn + "kv_a_proj_with_mqa.weight", NORMAL, a.kvLoraRank() + a.qkRopeHeadDim(), e);
        add(attn + "kv_a_layernorm.weight", ONES, a.kvLoraRank());
        int expanded = a.heads() * (a.qkNopeHeadDim() + a.vHeadDim());
        add(attn + "kv_b_proj.weight", NORMAL, expanded, a.kvLoraRank());
        add(attn + "o_proj.weight", NORMAL_RESIDUAL, e, a.heads() * a.vHeadDim());
      }
    }
    add(block + "post_attention_layernorm.weight", ONES, e);
    if (config.feedForward() instanceof FeedForwardConfig.MixtureOfExperts m && m.routes(layer)) {
      addExperts(m, block + "mlp.", e);
    } else {
      addFeedForward(block + "mlp.", e, config.intermediateSize());
    }
  }

  private void addFeedForward(String mlp, int e, int f) {
    add(mlp + "gate_proj.weight", NORMAL, f, e);
    add(mlp + "up_proj.weight", NORMAL, f, e);
    add(mlp + "down_proj.weight", NORMAL_RESIDUAL, e, f);
  }

  private void addExperts(FeedForwardConfig.MixtureOfExperts m, String mlp, int e) {
    int n = m.routedExperts();
    int f = m.moeIntermediateSize();
    add(mlp + ParameterNames.ROUTER, NORMAL, n, e);
    String bias = mlp + ParameterNames.ROUTER_BIAS;
    buffers.put(bias, new ParameterSpec(bias, Shape.of(n), BALANCE));
    add(mlp + "experts.gate_proj.weight", NORMAL, n, f, e);
    add(mlp + "experts.up_proj.weight", NORMAL, n, f, e);
    add(mlp + "experts.down_proj.weight", NORMAL_RESIDUAL, n, e, f);
    if (m.sharedExperts() > 0) {
      addFeedForward(mlp + "shared_experts.", e, m.sharedIntermediateSize());
    }
  }

  private void add(String name, ParameterSpec.Init init, int... dims) {
    specs.put(name, new ParameterSpec(name, Shape.of(dims), init));
  }

  /** All trained parameters, trunk first. */
  public Collection<ParameterSpec> parameters() {
    return Collections.unmodifiableCollection(specs.values());
  }

  /** State of the model that no optimizer touches, trunk first. */
  public Collection<ParameterSpec> buffers() {
    return Collections.unmodifiableCollection(buffers.values());
  }

  /** Parameters and then buffers: what the model is, and what its files hold. */
  public Stream<ParameterSpec> tensors() {
    return Stream.concat(specs.values().stream(), buffers.values().stream());
  }

  /** The parameter or buffer of that name. */
  public ParameterSpec get(String name) {
    ParameterSpec spec = specs.getOrDefault(name, buffers.get(name));
    if (spec == null) {
      throw new IllegalArgumentException("no parameter named '" + name + "'");
    }
    return spec;
  }

  /** Whether the model has a parameter or buffer of that name. */
  public boolean has(String name) {
    return specs.containsKey(name) || buffers.containsKey(name);
  }

  /** Total number of trained values. */
  public long parameterCount() {
    return specs.values().stream().mapToLong(ParameterSpec::elements).sum();
  }
}
