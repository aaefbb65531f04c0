package org.foretoken.model.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.inference.ChiSquareTest;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SpeculativeDecodingTest {
  private static Backend loaded(ModelConfig config, long seed) {
    Backend backend = new HostBackend();
    backend.compile(
        TrainGraph.evaluation(config, ModelLayout.of(config), PrecisionTable.of(Recipe.FP32), 8));
    ParameterInit.upload(backend, config, ModelLayout.of(config), seed);
    return backend;
  }

  @ParameterizedTest
  @EnumSource(Recipe.class)
  void greedyTokensAreTheSameWithAndWithoutDrafts(Recipe recipe) {
    SplittableRandom random = new SplittableRandom(4);
    long total = 0;
    for (int depth = 1; depth <= 3; depth++) {
      // Untrained modules propose almost nothing right, except from a tiny vocabulary.
      ModelConfig config =
          new ModelConfig(
              "t",
              depth == 1 ? 67 : 3,
              72,
              2,
              new AttentionConfig.GroupedQuery(4, 2, 18),
              136,
              10_000,
              1e-6f,
              depth,
              false,
              0.15);
      try (Backend backend = loaded(config, depth)) {
        Generator generator = new Generator(backend, config, PrecisionTable.of(recipe), 200);
        long accepted = 0;
        for (int promptLength : new int[] {1, 2, 5, 70}) {
          int[] prompt = random.ints(promptLength, 0, config.vocabSize()).toArray();
          int[] plain = generator.generate(prompt, new GenerateOptions(90, 0, 0, 1, -1)).tokens();
          for (int drafts = 1; drafts <= depth + 3; drafts++) {
            Generation g = generator.generate(prompt, new GenerateOptions(90, drafts, 0, 1, -1));
            assertThat(g.tokens()).isEqualTo(plain);
            assertThat(g.steps()).isLessThanOrEqualTo(90);
            accepted += g.accepted();
            assertThat(Arrays.stream(g.proposedBy()).filter(p -> p > 0).count())
                .isLessThanOrEqualTo(g.accepted());
          }
        }
        total += accepted;
      }
    }
    assertThat(total).as("drafts accepted").isPositive();
  }

  @Test
  void cachedDecodingEqualsTheFullForwardPass() {
    ModelConfig config = TestModels.small(2, false);
    Batch batch = TestModels.batch(config.vocabSize(), 3, 40);
    PrecisionTable fp32 = PrecisionTable.of(Recipe.FP32);
    try (Backend backend = new HostBackend()) {
      Executable eval =
          backend.compile(TrainGraph.evaluation(config, ModelLayout.of(config), fp32, 40));
      ParameterInit.upload(backend, config, ModelLayout.of(config), 2);
      ModelRunner runner = new ModelRunner(backend, config);
      runner.upload(batch);
      runner.run(eval);
      float[] nll = new float[40];
      backend.download(MtpLoss.rowLossName(0), MemorySegment.ofArray(nll));

      CachedModel cached = new CachedModel(backend, config, ModelLayout.of(config), fp32, 64);
      cached.prefill(Arrays.copyOf(batch.ids(), 17), 0);
      int at = 17;
      for (int rows : new int[] {1, 3, 2, 1, 4, 1}) {
        float[][] logits = cached.trunk(Arrays.copyOfRange(batch.ids(), at, at + rows), at);
        for (int i = 0; i < rows; i++) {
          double[] p = Sampling.distribution(logits[i], 1);
          double expected = nll[at + i];
          assertThat(-Math.log(p[batch.ids()[at + i + 1]])).isCloseTo(expected, within(2e-5));
        }
        at += rows;
      }
    }
  }

  @Test
  void feedingAgainGoesBackToAnEarlierPosition() {
    ModelConfig config = TestModels.small(0, true);
    try (Backend backend = loaded(config, 9)) {
      PrecisionTable fp32 = PrecisionTable.of(Recipe.FP32);
      CachedModel cached = new CachedModel(backend, config, ModelLayout.of(config), fp32, 32);
      cached.prefill(new int[] {1, 2, 3}, 0);
      float[] before = cached.trunk(new int[] {4}, 3)[0];
      cached.trunk(new int[] {9, 9, 9, 9}, 3);
      assertThat(cached.trunk(new int[] {4}, 3)[0]).isEqualTo(before);
    }
  }

  @Test
  void weightsThatChangeAreSeenByTheNextToken() {
    ModelConfig config = TestModels.small(1, false);
    PrecisionTable fp32 = PrecisionTable.of(Recipe.FP32);
    try (Backend changed = loaded(config, 5);
        Backend fresh = loaded(config, 6)) {
      CachedModel a = new CachedModel(changed, config, ModelLayout.of(config), fp32, 32);
      float[] before = a.trunk(new int[] {4}, 0)[0];
      ParameterInit.upload(changed, config, ModelLayout.of(config), 6);
      float[] after = a.trunk(new int[] {4}, 0)[0];
      CachedModel b = new CachedModel(fresh, config, ModelLayout.of(config), fp32, 32);
      assertThat(after).isEqualTo(b.trunk(new int[] {4}, 0)[0]).isNotEqualTo(before);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 2, 0.9, 0, 1", "1, 3, 0.9, 0, 1", "1, 2, 1.1, 3, 1", "1, 2, 1, 0, 0.9"})
  void sampledTokensKeepTheTrunksDistribution(
      int depth, int drafts, double temperature, int topK, double topP) {
    ModelConfig config =
        new ModelConfig(
            "v5",
            5,
            16,
            1,
            new AttentionConfig.GroupedQuery(2, 2, 8),
            24,
            10_000,
            1e-6f,
            depth,
            false,
            0.35);
    int[] prompt = {1, 3};
    GenerateOptions options = new GenerateOptions(3, drafts, temperature, topK, topP, 0, -1);
    try (Backend backend = loaded(config, 21)) {
      PrecisionTable fp32 = PrecisionTable.of(Recipe.FP32);
      double[] exact = exactDistribution(backend, config, fp32, options);
      int draws = 10_000;
      Generator generator = new Generator(backend, config, fp32, 16);
      long[] seen = new long[125];
      long accepted = 0;
      for (int seed = 0; seed < draws; seed++) {
        Generation g = generator.generate(prompt, options.withSeed(seed));
        accepted += g.accepted();
        int[] t = g.tokens();
        seen[t[0] * 25 + t[1] * 5 + t[2]]++;
      }
      assertThat(accepted).isPositive();
      assertThat(chiSquare(exact, seen, draws)).isGreaterThan(1e-3);
    }
  }

  /** Distribution of three tokens after {1, 3}, by enumeration. */
  private static double[] exactDistribution(
      Backend backend, ModelConfig config, PrecisionTable precision, GenerateOptions options) {
    double[] exact = new double[125];
    CachedModel cached = new CachedModel(backend, config, ModelLayout.of(config), precision, 16);
    cached.prefill(new int[] {1}, 0);
    double[] first = next(cached, 3, 1, options);
    for (int a = 0; a < 5; a++) {
      double[] second = next(cached, a, 2, options);
      for (int b = 0; b < 5; b++) {
        cached.trunk(new int[] {a}, 2);
        double[] third = next(cached, b, 3, options);
        for (int c = 0; c < 5; c++) {
          exact[a * 25 + b * 5 + c] = first[a] * second[b] * third[c];
        }
      }
    }
    return exact;
  }

  private static double[] next(CachedModel model, int token, int at, GenerateOptions options) {
    return Sampling.distribution(model.trunk(new int[] {token}, at)[0], 0, 5, options);
  }

  /** Probability of counts as unlikely as these. Impossible cells must be empty. */
  private static double chiSquare(double[] exact, long[] seen, int draws) {
    // Cells that expect few draws are counted together: the statistic is not chi-square on them.
    double rareExpected = 0;
    long rareSeen = 0;
    List<Double> expected = new ArrayList<>();
    List<Long> counted = new ArrayList<>();
    for (int cell = 0; cell < exact.length; cell++) {
      if (exact[cell] == 0) {
        assertThat(seen[cell]).isZero();
      } else if (exact[cell] * draws < 10) {
        rareExpected += exact[cell] * draws;
        rareSeen += seen[cell];
      } else {
        expected.add(exact[cell] * draws);
        counted.add(seen[cell]);
      }
    }
    if (rareExpected > 0) {
      expected.add(rareExpected);
      counted.add(rareSeen);
    }
    assertThat(expected).hasSizeGreaterThan(7);
    return new ChiSquareTest()
        .chiSquareTest(
            expected.stream().mapToDouble(d -> d).toArray(),
            counted.stream().mapToLong(n -> n).toArray());
  }

  @Test
  void topKAndTopPKeepTheLikeliestTokens() {
    float[] logits = {0f, (float) Math.log(5), (float) Math.log(3), (float) Math.log(1), 9f};
    // Probabilities 0.1, 0.5, 0.3, 0.1 of the first four.
    GenerateOptions top2 = new GenerateOptions(1, 0, 1, 2, 1, 0, -1);
    assertThat(Sampling.distribution(logits, 0, 4, top2))
        .usingComparatorWithPrecision(1e-6)
        .containsExactly(0, 0.625, 0.375, 0);
    GenerateOptions nucleus = new GenerateOptions(1, 0, 1, 0, 0.85, 0, -1);
    assertThat(Sampling.distribution(logits, 0, 4, nucleus))
        .usingComparatorWithPrecision(1e-6)
        .containsExactly(1 / 9.0, 5 / 9.0, 3 / 9.0, 0);
    GenerateOptions narrow = new GenerateOptions(1, 0, 1, 0, 1e-9, 0, -1);
    assertThat(Sampling.distribution(logits, 0, 4, narrow)).containsExactly(0, 1, 0, 0);
  }

  @Test
  void decodingEndsAfterTheStopToken() {
    ModelConfig config =
        new ModelConfig(
            "v3",
            3,
            16,
            1,
            new AttentionConfig.GroupedQuery(2, 2, 8),
            24,
            10_000,
            1e-6f,
            1,
            true,
            0.3);
    try (Backend backend = loaded(config, 1)) {
      Generator generator = new Generator(backend, config, PrecisionTable.of(Recipe.FP32), 120);
      int[] all =
          generator.generate(new int[] {1}, new GenerateOptions(100, 1, 1.0, 5, -1)).tokens();
      int[] cut =
          generator.generate(new int[] {1}, new GenerateOptions(100, 1, 1.0, 5, 2)).tokens();
      int first = 0;
      while (all[first] != 2) {
        first++;
      }
      assertThat(cut).isEqualTo(Arrays.copyOf(all, first + 1));
    }
  }

  @Test
  void wrongRequestsAreRefusedInOneLine() {
    ModelConfig config = TestModels.small(1, true);
    try (Backend backend = loaded(config, 1)) {
      Generator g = new Generator(backend, config, PrecisionTable.of(Recipe.FP32), 20);
      assertThatThrownBy(() -> g.generate(new int[0], new GenerateOptions(4, 0, 0, 0, -1)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("prompt");
      assertThatThrownBy(() -> g.generate(new int[] {31}, new GenerateOptions(4, 0, 0, 0, -1)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("0 to 30");
      assertThatThrownBy(() -> g.generate(new int[] {1}, new GenerateOptions(4, 17, 0, 0, -1)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("0 to 16 drafts");
      assertThatThrownBy(() -> g.generate(new int[] {1}, new GenerateOptions(40, 1, 0, 0, -1)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("1 + 40");
    }
  }
}
