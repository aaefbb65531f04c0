package org.foretoken.model;

import java.util.SplittableRandom;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.Recompute;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Batch;

/** Small models and batches for tests. */
public final class TestModels {
  private TestModels() {}

  /** Two blocks of width 24, grouped-query attention with 4 query and 2 key heads, D modules. */
  public static ModelConfig small(int mtpDepth, boolean tied) {
    return new ModelConfig(
        "small",
        31,
        24,
        2,
        new AttentionConfig.GroupedQuery(4, 2, 6),
        40,
        10_000,
        1e-6f,
        mtpDepth,
        tied,
        0.2);
  }

  /**
   * Like {@link #small} with multi-head latent attention of 3 heads.
   *
   * @param qLoraRank width of the compressed queries; 0 without compression
   */
  public static ModelConfig latent(int mtpDepth, boolean tied, int qLoraRank) {
    return withAttention(
        small(mtpDepth, tied), new AttentionConfig.Latent(3, qLoraRank, 10, 6, 4, 7));
  }

  /** The same model with another attention. */
  public static ModelConfig withAttention(ModelConfig c, AttentionConfig attention) {
    return new ModelConfig(
        c.name(),
        c.vocabSize(),
        c.hiddenSize(),
        c.layers(),
        attention,
        c.intermediateSize(),
        c.feedForward(),
        c.ropeTheta(),
        c.rmsNormEps(),
        c.mtpDepth(),
        c.tieEmbeddings(),
        c.initStd());
  }

  /**
   * {@link #small} with one dense block and one that routes each token to 3 of 8 experts, from 2 of
   * 4 groups, beside a shared one; MTP modules are routed too.
   */
  public static ModelConfig experts(int mtpDepth, boolean tied) {
    return small(mtpDepth, tied)
        .withFeedForward(
            new FeedForwardConfig.MixtureOfExperts(8, 1, 3, 13, 4, 2, true, 2.5, 1e-3, 0.02, 1));
  }

  /** A model on bytes with sizes that are not multiples of 128, for training tests. */
  public static ModelConfig bytes(int mtpDepth) {
    return new ModelConfig(
        "bytes",
        256,
        40,
        2,
        new AttentionConfig.GroupedQuery(2, 2, 20),
        72,
        10_000,
        1e-6f,
        mtpDepth,
        true,
        0.08);
  }

  /** A short training run. */
  public static TrainConfig training(Recipe recipe, int steps) {
    return training(recipe, steps, 3, 1, Recompute.NONE);
  }

  /** A short training run of 3 sequences a step or more. */
  public static TrainConfig training(
      Recipe recipe, int steps, int batchSize, int accumulation, Recompute recompute) {
    return new TrainConfig(
        7,
        batchSize,
        33,
        accumulation,
        steps,
        20,
        3,
        5e-3,
        5e-4,
        0.9,
        0.95,
        1e-8,
        0.1,
        1.0,
        0.3,
        0.1,
        0.7,
        recipe,
        recompute,
        0,
        2,
        0);
  }

  /**
   * Random tokens as packed documents.
   *
   * @param lengths tokens of each document
   */
  public static Batch batch(int vocabSize, long seed, int... lengths) {
    SplittableRandom random = new SplittableRandom(seed);
    int rows = 0;
    for (int n : lengths) {
      rows += n;
    }
    int[] ids = random.ints(rows, 0, vocabSize).toArray();
    int[] positions = new int[rows];
    int[] firstRow = new int[rows];
    int row = 0;
    for (int n : lengths) {
      int first = row;
      for (int i = 0; i < n; i++, row++) {
        positions[row] = i;
        firstRow[row] = first;
      }
    }
    return new Batch(ids, positions, firstRow);
  }
}
