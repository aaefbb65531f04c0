package org.foretoken.tests.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.cli.config.Configs;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.mtp.MtpForward;
import org.foretoken.model.mtp.MtpTargets;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ParameterInit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The module from scratch, in the shape of the chapter's listing. */
class ListingPresetTest {
  @ParameterizedTest
  @EnumSource(Recipe.class)
  void logitsHaveTheListingsShapesAndSeeNoTokenTheyPredict(Recipe recipe) {
    RunConfig run = Configs.load("listing", List.of());
    ModelConfig model = run.model();
    int batch = run.train().batchSize();
    int length = run.train().sequenceLength();
    int[][] ids = new int[batch][];
    SplittableRandom random = new SplittableRandom(3);
    for (int b = 0; b < batch; b++) {
      ids[b] = random.ints(length, 0, model.vocabSize()).toArray();
    }
    try (HostBackend backend = new HostBackend()) {
      MtpForward forward = new MtpForward(backend, model, PrecisionTable.of(recipe), batch, length);
      ParameterInit.upload(backend, model, ModelLayout.of(model), 1);
      float[][][][] logits = forward.logits(ids);
      assertThat(logits).hasDimensions(4, 2);
      for (int k = 0; k < 4; k++) {
        for (int b = 0; b < 2; b++) {
          assertThat(logits[k][b]).hasDimensions(20 - k, 1000);
        }
      }
      // The listing itself lets a module see its own target; here the last token of sequence 0
      // may change only the last row of each depth, and nothing of sequence 1.
      ids[0][length - 1] = (ids[0][length - 1] + 1) % model.vocabSize();
      float[][][][] changed = forward.logits(ids);
      for (int k = 0; k < 4; k++) {
        int last = 20 - k - 1;
        for (int i = 0; i < last; i++) {
          assertThat(changed[k][0][i]).isEqualTo(logits[k][0][i]);
        }
        assertThat(changed[k][0][last]).isNotEqualTo(logits[k][0][last]);
        assertThat(changed[k][1]).isDeepEqualTo(logits[k][1]);
      }
      int[] flat = ids[1];
      assertThat(new MtpTargets(flat, new int[length]).count(3)).isEqualTo(16);
    }
  }
}
