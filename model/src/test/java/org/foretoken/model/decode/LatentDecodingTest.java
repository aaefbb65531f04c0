package org.foretoken.model.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.Tolerances;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.data.Batch;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ModelRunner;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Decoding of latent attention on its cache of latents, with absorbed weights. */
class LatentDecodingTest {
  /** Ragged in every width: 80 + 12 compressed columns, 5 heads of 24 + 12, values of 20. */
  private static final AttentionConfig.Latent ATTENTION =
      new AttentionConfig.Latent(5, 150, 80, 24, 12, 20);

  private static ModelConfig config(int vocabSize, int depth) {
    return new ModelConfig(
        "latent", vocabSize, 72, 2, ATTENTION, 136, 10_000, 1e-6f, depth, false, 0.15);
  }

  /**
   * The training forward expands keys and values, decoding absorbs the weights that would: two
   * orders of the same sums. In FP8 and BF16 they also round in different places, and may be as far
   * from each other as either is from FP32.
   */
  @ParameterizedTest
  @EnumSource(Recipe.class)
  void absorbedDecodingAgreesWithTheForwardThatExpands(Recipe recipe) {
    Losses exact = losses(Recipe.FP32);
    Losses found = losses(recipe);
    double apart = rms(found.absorbed, found.expanded);
    assertThat(apart).as("two ways of computing it").isPositive();
    if (recipe == Recipe.FP32) {
      for (int i = 0; i < found.absorbed.length; i++) {
        assertThat(found.absorbed[i])
            .as("token %d", i)
            .isCloseTo(found.expanded[i], within(Tolerances.ABSORBED_FP32));
      }
    } else {
      double own = rms(found.expanded, exact.expanded);
      assertThat(apart / own).isLessThan(Tolerances.ABSORBED_QUANTIZED);
      assertThat(rms(found.absorbed, exact.expanded) / own)
          .isLessThan(Tolerances.ABSORBED_QUANTIZED);
    }
  }

  /** Loss of each token but the first, by both ways. */
  private record Losses(double[] expanded, double[] absorbed) {}

  private static Losses losses(Recipe recipe) {
    ModelConfig config = config(67, 1);
    int n = 110;
    Batch batch = TestModels.batch(config.vocabSize(), 3, n);
    PrecisionTable precision = PrecisionTable.of(recipe);
    Losses losses = new Losses(new double[n - 1], new double[n - 1]);
    try (Backend backend = new HostBackend()) {
      Executable eval =
          backend.compile(TrainGraph.evaluation(config, ModelLayout.of(config), precision, n));
      ParameterInit.upload(backend, config, ModelLayout.of(config), 2);
      ModelRunner runner = new ModelRunner(backend, config);
      runner.upload(batch);
      runner.run(eval);
      float[] nll = new float[n];
      backend.download(MtpLoss.rowLossName(0), MemorySegment.ofArray(nll));
      CachedModel cached = new CachedModel(backend, config, ModelLayout.of(config), precision, n);
      int at = 0;
      for (int rows : new int[] {40, 1, 3, 2, 1, 4, 1, 57}) {
        float[][] logits = cached.trunk(Arrays.copyOfRange(batch.ids(), at, at + rows), at);
        for (int i = 0; i < rows; i++) {
          double[] p = Sampling.distribution(logits[i], 1);
          losses.expanded[at + i] = nll[at + i];
          losses.absorbed[at + i] = -Math.log(p[batch.ids()[at + i + 1]]);
        }
        at += rows;
      }
      assertThat(at).isEqualTo(n - 1);
    }
    return losses;
  }

  private static double rms(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum / a.length);
  }

  @ParameterizedTest
  @EnumSource(Recipe.class)
  void greedyTokensAreTheSameWithAndWithoutDrafts(Recipe recipe) {
    SplittableRandom random = new SplittableRandom(4);
    long accepted = 0;
    for (int depth = 1; depth <= 3; depth++) {
      ModelConfig config = config(depth == 1 ? 67 : 3, depth);
      try (Backend backend = loaded(config, depth)) {
        Generator generator = new Generator(backend, config, PrecisionTable.of(recipe), 200);
        for (int promptLength : new int[] {1, 5, 70}) {
          int[] prompt = random.ints(promptLength, 0, config.vocabSize()).toArray();
          int[] plain = generator.generate(prompt, new GenerateOptions(90, 0, 0, 1, -1)).tokens();
          for (int drafts = 1; drafts <= depth; drafts++) {
            Generation g = generator.generate(prompt, new GenerateOptions(90, drafts, 0, 1, -1));
            assertThat(g.tokens()).isEqualTo(plain);
            accepted += g.accepted();
          }
        }
      }
    }
    assertThat(accepted).as("drafts accepted").isPositive();
  }

  @ParameterizedTest
  @EnumSource(Recipe.class)
  void aRowHasTheSameBitsWhateverRowsRunBesideIt(Recipe recipe) {
    ModelConfig config = config(67, 0);
    int[] ids = TestModels.batch(67, 8, 40).ids();
    try (Backend backend = loaded(config, 9)) {
      CachedModel cached =
          new CachedModel(backend, config, ModelLayout.of(config), PrecisionTable.of(recipe), 64);
      float[][] together = new float[40][];
      float[][] all = cached.trunk(Arrays.copyOf(ids, 31), 0);
      System.arraycopy(all, 0, together, 0, 31);
      float[][] rest = cached.trunk(Arrays.copyOfRange(ids, 31, 40), 31);
      System.arraycopy(rest, 0, together, 31, 9);
      for (int i = 0; i < 40; i++) {
        assertThat(cached.trunk(new int[] {ids[i]}, i)[0]).as("row %d", i).isEqualTo(together[i]);
      }
    }
  }

  @Test
  void theCacheHoldsTheLatentAndTheRotaryKeyAlone() {
    ModelConfig config = config(67, 1);
    try (Backend backend = loaded(config, 1)) {
      CachedModel cached =
          new CachedModel(
              backend, config, ModelLayout.of(config), PrecisionTable.of(Recipe.FP32), 64);
      cached.trunk(new int[] {1, 2}, 0);
      cached.module(1, new int[] {2}, 0);
      long columns =
          backend.residents().stream()
              .filter(t -> t.name().contains("_cache") && !t.name().contains("hidden_cache"))
              .mapToLong(Tensor::columns)
              .sum();
      assertThat(columns).isEqualTo(3L * ATTENTION.cachedPerToken()).isEqualTo(3 * (80 + 12));
    }
  }

  @Test
  void inFp8DecodingMultipliesByTheValuesOfTheCodes() {
    ModelConfig config = config(67, 0);
    String name = "model.layers.1.self_attn.kv_b_proj.weight";
    int rows = 5 * (24 + 20);
    int columns = 80;
    try (Backend backend = loaded(config, 5)) {
      PrecisionTable deepseek = PrecisionTable.of(Recipe.DEEPSEEK);
      CachedModel cached = new CachedModel(backend, config, ModelLayout.of(config), deepseek, 16);
      float[] before = cached.trunk(new int[] {1, 2}, 0)[1];
      byte[] codes = new byte[rows * columns];
      float[] scales = new float[2];
      float[] master = new float[rows * columns];
      float[] absorbed = new float[rows * columns];
      backend.download("fp8." + name, MemorySegment.ofArray(codes));
      backend.download("fp8." + name + "_scale_inv", MemorySegment.ofArray(scales));
      backend.download(name, MemorySegment.ofArray(master));
      backend.download("absorbed." + name, MemorySegment.ofArray(absorbed));
      assertThat(absorbed).isNotEqualTo(master);
      for (int i = 0; i < absorbed.length; i++) {
        float scale = scales[i / columns / 128];
        assertThat(absorbed[i]).isEqualTo(E4M3.decode(codes[i]) * scale);
      }
      // And it is this copy that is multiplied by.
      backend.upload("absorbed." + name, MemorySegment.ofArray(new float[rows * columns]));
      assertThat(cached.trunk(new int[] {1, 2}, 0)[1]).isNotEqualTo(before);
    }
  }

  /** A run that is being trained writes samples: absorbed weights are copies that grow old. */
  @ParameterizedTest
  @EnumSource(Recipe.class)
  void weightsThatChangeAreDecodedWithAfterARefresh(Recipe recipe) {
    ModelConfig config = config(67, 1);
    PrecisionTable precision = PrecisionTable.of(recipe);
    GenerateOptions options = GenerateOptions.greedy(40, 1);
    int[] prompt = {1, 2, 3};
    try (Backend changed = loaded(config, 5);
        Backend fresh = loaded(config, 6)) {
      Generator a = new Generator(changed, config, precision, 48);
      int[] before = a.generate(prompt, options).tokens();
      ParameterInit.upload(changed, config, ModelLayout.of(config), 6);
      a.refreshWeights();
      Generation after = a.generate(prompt, options);
      Generation expected = new Generator(fresh, config, precision, 48).generate(prompt, options);
      assertThat(after.tokens()).isEqualTo(expected.tokens()).isNotEqualTo(before);
      assertThat(after.checks()).isEqualTo(expected.checks());
    }
  }

  @Test
  void compressedQueriesAreOptional() {
    ModelConfig config = TestModels.latent(1, true, 0);
    try (Backend backend = loaded(config, 3)) {
      Generator generator = new Generator(backend, config, PrecisionTable.of(Recipe.FP32), 40);
      int[] prompt = {1, 2, 3};
      int[] plain = generator.generate(prompt, new GenerateOptions(30, 0, 0, 1, -1)).tokens();
      int[] drafted = generator.generate(prompt, new GenerateOptions(30, 1, 0, 1, -1)).tokens();
      assertThat(drafted).isEqualTo(plain);
    }
  }

  private static Backend loaded(ModelConfig config, long seed) {
    Backend backend = new HostBackend();
    backend.compile(
        TrainGraph.evaluation(config, ModelLayout.of(config), PrecisionTable.of(Recipe.FP32), 8));
    ParameterInit.upload(backend, config, ModelLayout.of(config), seed);
    return backend;
  }
}
