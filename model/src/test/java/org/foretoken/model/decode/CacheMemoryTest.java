package org.foretoken.model.decode;

import static org.assertj.core.api.Assertions.assertThat;

import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of the caches' memory before they are made is what the host then takes. */
class CacheMemoryTest {
  /** With the row for padding a whole number of the panels that keys are transposed in. */
  private static final int SMALL = 1023;

  private static final int LARGE = 9215;

  @ParameterizedTest
  @CsvSource({"false, 0", "false, 2", "true, 0", "true, 1"})
  void everyTokenTakesWhatTheCheckCountsTransposedKeysToo(boolean latent, int depth) {
    ModelConfig config =
        latent ? TestModels.latent(depth, false, 12) : TestModels.small(depth, false);
    long grown = allocated(config, LARGE) - allocated(config, SMALL);
    // Without modules no hidden states are kept, which the check counts once all the same.
    long unused = depth == 0 ? 4L * config.hiddenSize() * (LARGE - SMALL) : 0;
    assertThat(grown + unused).isEqualTo(CachedModel.cacheBytes(config, LARGE - SMALL, true));
    int blocks = config.layers() + depth;
    assertThat(CachedModel.cacheBytes(config, 1, true))
        .isEqualTo(
            CachedModel.cacheBytes(config, 1, false)
                + 4L * blocks * config.attention().keysPerToken());
  }

  /** Native memory after a few tokens, with drafts enough for every cache there is. */
  private static long allocated(ModelConfig config, int capacity) {
    ModelLayout layout = ModelLayout.of(config);
    PrecisionTable fp32 = PrecisionTable.of(Recipe.FP32);
    try (HostBackend backend = new HostBackend()) {
      backend.compile(TrainGraph.evaluation(config, layout, fp32, 8));
      ParameterInit.upload(backend, config, layout, 1);
      int drafts = config.mtpDepth() == 0 ? 0 : config.mtpDepth() + 1;
      new Generator(backend, config, fp32, capacity)
          .generate(new int[] {1, 2, 3}, new GenerateOptions(12, drafts, 0, 1, -1));
      return backend.allocatedBytes();
    }
  }
}
