package org.foretoken.model.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.mtp.MtpForward;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ParameterInit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the modules propose on caches is what their full forward pass says of the same rows. */
class DraftsTest {
  private static final PrecisionTable FP32 = PrecisionTable.of(Recipe.FP32);

  enum Kind {
    GROUPED_QUERY {
      @Override
      ModelConfig config(int depth) {
        return TestModels.small(depth, false);
      }
    },
    LATENT_WITH_EXPERTS {
      @Override
      ModelConfig config(int depth) {
        ModelConfig latent = TestModels.latent(depth, false, 12);
        return latent.withFeedForward(TestModels.experts(depth, false).feedForward());
      }
    };

    abstract ModelConfig config(int depth);
  }

  /** The full forward pass of sequences of {@code length}, with parameters for it. */
  private static MtpForward loaded(Backend backend, ModelConfig config, int length) {
    MtpForward forward = new MtpForward(backend, config, FP32, 1, length);
    ParameterInit.upload(backend, config, ModelLayout.of(config), 6);
    return forward;
  }

  /** Every row is fed a wrong token first, through trunk and modules, as a rejected draft is. */
  @ParameterizedTest
  @CsvSource({
    "GROUPED_QUERY, 1",
    "GROUPED_QUERY, 2",
    "LATENT_WITH_EXPERTS, 1",
    "LATENT_WITH_EXPERTS, 2"
  })
  void logitsOfModulesAreThoseOfTheFullForwardAfterRejectionsToo(Kind kind, int depth) {
    ModelConfig config = kind.config(depth);
    int[] ids = new SplittableRandom(3).ints(30, 0, config.vocabSize()).toArray();
    try (Backend backend = new HostBackend()) {
      float[][][][] full = loaded(backend, config, ids.length).logits(new int[][] {ids});
      CachedModel cached = new CachedModel(backend, config, ModelLayout.of(config), FP32, 32);
      for (int i = 0; i + depth < ids.length; i++) {
        int wrong = (ids[i + 1] + 1) % config.vocabSize();
        cached.trunk(new int[] {ids[i], wrong}, i);
        for (int k = 1; k <= depth; k++) {
          int draft = (ids[i + k] + 1) % config.vocabSize();
          float[] other = cached.module(k, new int[] {draft}, i);
          float[] found = cached.module(k, new int[] {ids[i + k]}, i);
          assertClose(found, full[k][0][i], 1e-5);
          assertThat(other).isNotEqualTo(found);
        }
      }
    }
  }

  private static void assertClose(float[] found, float[] expected, double tolerance) {
    assertThat(found).hasSameSizeAs(expected);
    for (int v = 0; v < found.length; v++) {
      assertThat(found[v]).isCloseTo(expected[v], within((float) tolerance));
    }
  }

  /** So acceptance is the share of rows in which the module's likeliest token is the trunk's. */
  @ParameterizedTest
  @CsvSource({
    "GROUPED_QUERY, 1",
    "GROUPED_QUERY, 2",
    "LATENT_WITH_EXPERTS, 1",
    "LATENT_WITH_EXPERTS, 2"
  })
  void draftsAreAcceptedWhereTheFullForwardOfTheModuleIsRight(Kind kind, int depth) {
    ModelConfig config = withVocabulary(kind.config(depth), 3);
    int[] accepted = new int[depth + 1];
    int[] rejected = new int[depth + 1];
    try (Backend backend = new HostBackend()) {
      MtpForward forward = loaded(backend, config, 100);
      Generator generator = new Generator(backend, config, FP32, 100);
      for (int seed = 0; seed < 12; seed++) {
        ParameterInit.upload(backend, config, ModelLayout.of(config), seed);
        int[] text = new SplittableRandom(seed).ints(100, 0, config.vocabSize()).toArray();
        Generation g =
            generator.generate(Arrays.copyOf(text, 52), GenerateOptions.greedy(48, depth));
        System.arraycopy(g.tokens(), 0, text, 52, 48);
        float[][][][] full = forward.logits(new int[][] {text});
        for (DraftCheck check : g.checks()) {
          int at = 52 + check.position();
          if (check.reached()) {
            float[] logits = full[check.depth()][0][at - 1 - check.depth()];
            boolean right = Sampling.argmax(logits, 0, logits.length) == text[at];
            assertThat(check.accepted()).as("draft of token %d", at).isEqualTo(right);
            (right ? accepted : rejected)[check.depth()]++;
          }
        }
      }
    }
    for (int k = 1; k <= depth; k++) {
      assertThat(accepted[k]).as("accepted of depth %d", k).isPositive();
      assertThat(rejected[k]).as("rejected of depth %d", k).isPositive();
    }
  }

  private static ModelConfig withVocabulary(ModelConfig c, int vocabSize) {
    return new ModelConfig(
        c.name(),
        vocabSize,
        c.hiddenSize(),
        c.layers(),
        c.attention(),
        c.intermediateSize(),
        c.feedForward(),
        c.ropeTheta(),
        c.rmsNormEps(),
        c.mtpDepth(),
        c.tieEmbeddings(),
        c.initStd());
  }
}
