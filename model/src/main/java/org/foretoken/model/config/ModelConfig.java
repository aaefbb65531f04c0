package org.foretoken.model.config;

/**
 * The shape of a multi-token-prediction language model.
 *
 * @param name name of the configuration, for folders and reports
 * @param vocabSize V, tokens in the vocabulary
 * @param hiddenSize E, width of the residual stream
 * @param layers transformer blocks of the trunk
 * @param attention kind and shape of the attention
 * @param intermediateSize F, inner width of a dense SwiGLU feed-forward network
 * @param feedForward dense networks, or experts that tokens are routed to
 * @param ropeTheta base of the rotary frequencies
 * @param rmsNormEps added to the mean square in every RMSNorm
 * @param mtpDepth D, number of sequential MTP modules; 0 is the plain language model
 * @param tieEmbeddings whether the output head is the embedding table itself
 * @param initStd standard deviation of the initial weights
 * @param mtpControl a deliberate mistake in the modules' training, for experiments
 */
public record ModelConfig(
    String name,
    int vocabSize,
    int hiddenSize,
    int layers,
    AttentionConfig attention,
    int intermediateSize,
    FeedForwardConfig feedForward,
    double ropeTheta,
    float rmsNormEps,
    int mtpDepth,
    boolean tieEmbeddings,
    double initStd,
    MtpControl mtpControl) {
  /** A model without a deliberate mistake. */
  public ModelConfig(
      String name,
      int vocabSize,
      int hiddenSize,
      int layers,
      AttentionConfig attention,
      int intermediateSize,
      FeedForwardConfig feedForward,
      double ropeTheta,
      float rmsNormEps,
      int mtpDepth,
      boolean tieEmbeddings,
      double initStd) {
    this(
        name,
        vocabSize,
        hiddenSize,
        layers,
        attention,
        intermediateSize,
        feedForward,
        ropeTheta,
        rmsNormEps,
        mtpDepth,
        tieEmbeddings,
        initStd,
        MtpControl.NONE);
  }

  /** A model with dense feed-forward networks. */
  public ModelConfig(
      String name,
      int vocabSize,
      int hiddenSize,
      int layers,
      AttentionConfig attention,
      int intermediateSize,
      double ropeTheta,
      float rmsNormEps,
      int mtpDepth,
      boolean tieEmbeddings,
      double initStd) {
    this(
        name,
        vocabSize,
        hiddenSize,
        layers,
        attention,
        intermediateSize,
        new FeedForwardConfig.Dense(),
        ropeTheta,
        rmsNormEps,
        mtpDepth,
        tieEmbeddings,
        initStd);
  }

  /** The same model with other feed-forward networks. */
  public ModelConfig withFeedForward(FeedForwardConfig other) {
    return new ModelConfig(
        name,
        vocabSize,
        hiddenSize,
        layers,
        attention,
        intermediateSize,
        other,
        ropeTheta,
        rmsNormEps,
        mtpDepth,
        tieEmbeddings,
        initStd,
        mtpControl);
  }

  /** The same model with another number of MTP modules; 0 is its trunk. */
  public ModelConfig withMtpDepth(int depth) {
    return new ModelConfig(
        name,
        vocabSize,
        hiddenSize,
        layers,
        attention,
        intermediateSize,
        feedForward,
        ropeTheta,
        rmsNormEps,
        depth,
        tieEmbeddings,
        initStd,
        mtpControl);
  }

  /** The same model with a deliberate mistake in its modules' training. */
  public ModelConfig withMtpControl(MtpControl control) {
    return new ModelConfig(
        name,
        vocabSize,
        hiddenSize,
        layers,
        attention,
        intermediateSize,
        feedForward,
        ropeTheta,
        rmsNormEps,
        mtpDepth,
        tieEmbeddings,
        initStd,
        control);
  }
}
