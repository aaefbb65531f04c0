package org.foretoken.model.memory;

import java.util.EnumMap;
import java.util.Map;
import org.foretoken.fp8.MemoryProfile;
import org.foretoken.fp8.Operation;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;

/**
 * A transformer in the numbers that its memory follows from. Biases are not counted.
 *
 * @param name name of the model
 * @param vocabulary V
 * @param hidden E
 * @param layers blocks of the trunk
 * @param attention its attention
 * @param feedForward F, inner width of a dense SwiGLU network
 * @param denseLayers blocks with a dense network; the others, and MTP modules, route to experts
 *     where there are some
 * @param experts the experts; null without
 * @param mtpDepth D, MTP modules, each with a block; embedding and head are the trunk's
 * @param tied whether the head is the embedding
 */
public record ModelShape(
    String name,
    long vocabulary,
    long hidden,
    int layers,
    Attention attention,
    long feedForward,
    int denseLayers,
    Experts experts,
    int mtpDepth,
    boolean tied) {

  /** What attention keeps. */
  public sealed interface Attention {
    /** Width of all queries, and of all keys after expansion to the query heads. */
    long queries();

    /** Width of all keys and values that enter the scores. */
    long keysAndValues();

    /** Width of what enters the output projection. */
    long output();

    /** Elements of the cache for a token and layer. */
    long cached();
  }

  /** Multi-head or grouped-query attention. */
  public record GroupedQuery(long heads, long kvHeads, long headDim) implements Attention {
    @Override
    public long queries() {
      return heads * headDim;
    }

    @Override
    public long keysAndValues() {
      return 2 * kvHeads * headDim;
    }

    @Override
    public long output() {
      return heads * headDim;
    }

    @Override
    public long cached() {
      return keysAndValues();
    }
  }

  /**
   * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434).
   *
   * @param heads heads
   * @param queryRank rank of the query projection; 0 if it is not factored
   * @param kvRank width of the compressed keys and values
   * @param nopeDim width of a head's part without positions
   * @param ropeDim width of the part with rotary positions; one key for all heads
   * @param valueDim width of a value head
   */
  public record Latent(
      long heads, long queryRank, long kvRank, long nopeDim, long ropeDim, long valueDim)
      implements Attention {
    @Override
    public long queries() {
      return heads * (nopeDim + ropeDim);
    }

    @Override
    public long keysAndValues() {
      return heads * (nopeDim + ropeDim + valueDim);
    }

    @Override
    public long output() {
      return heads * valueDim;
    }

    @Override
    public long cached() {
      return kvRank + ropeDim;
    }
  }

  /**
   * A mixture of experts.
   *
   * @param routed experts that tokens are routed to
   * @param shared experts that see every token
   * @param active routed experts of a token
   * @param width inner width of an expert
   */
  public record Experts(long routed, long shared, long active, long width) {}

  /** The shape of one of this project's models. */
  public static ModelShape of(ModelConfig model) {
    Attention attention =
        switch (model.attention()) {
          case AttentionConfig.GroupedQuery a ->
              new GroupedQuery(a.heads(), a.kvHeads(), a.headDim());
          case AttentionConfig.Latent a ->
              new Latent(
                  a.heads(),
                  a.qLoraRank(),
                  a.kvLoraRank(),
                  a.qkNopeHeadDim(),
                  a.qkRopeHeadDim(),
                  a.vHeadDim());
        };
    int dense = model.layers();
    Experts experts = null;
    if (model.feedForward() instanceof FeedForwardConfig.MixtureOfExperts m) {
      dense = m.firstDenseLayers();
      experts =
          new Experts(
              m.routedExperts(), m.sharedExperts(), m.expertsPerToken(), m.moeIntermediateSize());
    }
    return new ModelShape(
        model.name(),
        model.vocabSize(),
        model.hiddenSize(),
        model.layers(),
        attention,
        model.intermediateSize(),
        dense,
        experts,
        model.mtpDepth(),
        model.tieEmbeddings());
  }

  private int blocks() {
    return layers + mtpDepth;
  }

  private long denseBlocks() {
    return experts == null ? blocks() : denseLayers;
  }

  private long routingBlocks() {
    return blocks() - denseBlocks();
  }

  /**
   * Parameters that take part in the computation for one token: all but the routed experts that it
   * is not routed to.
   */
  public long activeParameters() {
    long idle = experts == null ? 0 : (experts.routed() - experts.active()) * experts.width();
    return profile().totalParameters() - routingBlocks() * 3 * idle * hidden;
  }

  /** The same model without MTP modules. */
  public ModelShape trunk() {
    return new ModelShape(
        name, vocabulary, hidden, layers, attention, feedForward, denseLayers, experts, 0, tied);
  }

  /** What the model has to keep. */
  public MemoryProfile profile() {
    return new MemoryProfile(name, parameters(), inputsPerToken(), attention.cached() * layers);
  }

  private Map<Operation, Long> parameters() {
    Map<Operation, Long> map = new EnumMap<>(Operation.class);
    map.put(Operation.EMBEDDING, vocabulary * hidden);
    map.put(Operation.OUTPUT_HEAD, tied ? 0 : vocabulary * hidden);
    map.put(Operation.NORM, normWidth());
    map.put(Operation.ATTENTION_INPUT, blocks() * attentionInputParameters());
    map.put(Operation.ATTENTION_OUTPUT, blocks() * attention.output() * hidden);
    long inner = denseBlocks() * feedForward;
    if (experts != null) {
      inner += routingBlocks() * (experts.routed() + experts.shared()) * experts.width();
      map.put(Operation.ROUTER, routingBlocks() * experts.routed() * hidden);
    }
    map.put(Operation.FEED_FORWARD_INPUT, 2 * inner * hidden);
    map.put(Operation.FEED_FORWARD_OUTPUT, inner * hidden);
    map.put(Operation.MTP_PROJECTION, 2L * mtpDepth * hidden * hidden);
    return map;
  }

  private long attentionInputParameters() {
    return switch (attention) {
      case GroupedQuery a -> hidden * (a.queries() + a.keysAndValues());
      case Latent a -> {
        long queries =
            a.queryRank() == 0 ? hidden * a.queries() : a.queryRank() * (hidden + a.queries());
        long down = hidden * (a.kvRank() + a.ropeDim());
        yield queries + down + a.kvRank() * a.heads() * (a.nopeDim() + a.valueDim());
      }
    };
  }

  /** Width of all norms together: their weights, and what enters them for a token. */
  private long normWidth() {
    long block = 2 * hidden + latentWidth();
    return blocks() * block + hidden + 3 * hidden * mtpDepth;
  }

  /** Width of the compressed queries, keys and values. */
  private long latentWidth() {
    return attention instanceof Latent a ? a.queryRank() + a.kvRank() : 0;
  }

  /**
   * Routed experts get a copy of the rows of their tokens; shared ones see the rows themselves; the
   * gate's input is theirs.
   */
  private Map<Operation, Long> inputsPerToken() {
    Map<Operation, Long> map = new EnumMap<>(Operation.class);
    map.put(Operation.NORM, normWidth());
    map.put(Operation.ATTENTION_INPUT, blocks() * (hidden + latentWidth()));
    map.put(Operation.ATTENTION, blocks() * (attention.queries() + attention.keysAndValues()));
    map.put(Operation.ATTENTION_OUTPUT, blocks() * attention.output());
    long rows = denseBlocks();
    long inner = denseBlocks() * feedForward;
    if (experts != null) {
      rows += routingBlocks() * (experts.active() + (experts.shared() > 0 ? 1 : 0));
      inner += routingBlocks() * (experts.active() + experts.shared()) * experts.width();
    }
    map.put(Operation.FEED_FORWARD_INPUT, rows * hidden);
    map.put(Operation.SWIGLU, 2 * inner);
    map.put(Operation.FEED_FORWARD_OUTPUT, inner);
    map.put(Operation.MTP_PROJECTION, 2 * hidden * mtpDepth);
    map.put(Operation.OUTPUT_HEAD, hidden * (1 + mtpDepth));
    return map;
  }
}
