package org.foretoken.model.config;

/**
 * The feed-forward network of the transformer blocks. A dense one is a SwiGLU network of inner
 * width {@link ModelConfig#intermediateSize}.
 */
public sealed interface FeedForwardConfig {
  /** Whether block {@code layer} routes tokens to experts; MTP modules are the layers after L. */
  boolean routes(int layer);

  /** Every block has a dense network. */
  record Dense() implements FeedForwardConfig {
    @Override
    public boolean routes(int layer) {
      return false;
    }
  }

  /**
   * DeepSeekMoE with a balance that needs no auxiliary loss (DeepSeek-V3, arXiv 2412.19437, section
   * 2.1.2). Each token has scores s = sigmoid(W x); it goes to the experts with the largest s + b
   * within its best groups, and each selected expert weighs s, normalised over the selected, times
   * a factor. The bias b is moved by a fixed step after each training step, up for experts with
   * less load than the mean, down for those with more. MTP modules are always routed.
   *
   * @param routedExperts experts that tokens are routed to
   * @param sharedExperts experts that see every token: one network of that many times the width
   * @param expertsPerToken experts that a token is routed to
   * @param moeIntermediateSize inner width of an expert
   * @param expertGroups groups of neighbouring experts, a divisor of {@code routedExperts}; a
   *     group's score is the sum of its two largest s + b
   * @param topkGroup groups that a token's experts may come from
   * @param normTopkProb whether the weights of a token's experts are divided by their sum
   * @param routedScalingFactor factor on those weights
   * @param biasUpdateSpeed gamma, the step of the bias; 0 leaves it alone
   * @param balanceLossAlpha alpha, weight of the sequence-wise balance loss; 0 leaves it out
   * @param firstDenseLayers blocks at the bottom that stay dense
   */
  record MixtureOfExperts(
      int routedExperts,
      int sharedExperts,
      int expertsPerToken,
      int moeIntermediateSize,
      int expertGroups,
      int topkGroup,
      boolean normTopkProb,
      double routedScalingFactor,
      double biasUpdateSpeed,
      double balanceLossAlpha,
      int firstDenseLayers)
      implements FeedForwardConfig {
    @Override
    public boolean routes(int layer) {
      return layer >= firstDenseLayers;
    }

    /** Inner width of the network that all shared experts together are; 0 without. */
    public int sharedIntermediateSize() {
      return sharedExperts * moeIntermediateSize;
    }
  }
}
