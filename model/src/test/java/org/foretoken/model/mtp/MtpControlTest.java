package org.foretoken.model.mtp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.MtpControl;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.data.Batch;
import org.foretoken.model.decode.GenerateOptions;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ModelRunner;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainGraph;
import org.foretoken.model.trunk.Rows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each deliberate mistake does what its name says, and leaves the trunk alone. */
class MtpControlTest {
  private static final PrecisionTable FP32 = PrecisionTable.of(Recipe.FP32);

  private static float[][][] logits(ModelConfig config, int[] ids) {
    try (Backend backend = new HostBackend()) {
      MtpForward forward = new MtpForward(backend, config, FP32, 1, ids.length);
      ParameterInit.upload(backend, config, ModelLayout.of(config), 4);
      float[][][][] all = forward.logits(new int[][] {ids});
      return new float[][][] {all[0][0], all[1][0]};
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void withoutAMaskAModuleSeesTheTokenToPredict(boolean latent) {
    ModelConfig plain = latent ? TestModels.latent(1, true, 9) : TestModels.small(1, true);
    ModelConfig noMask = plain.withMtpControl(MtpControl.NO_MASK);
    int[] ids = {3, 7, 1, 9, 4, 4, 8, 2, 6, 5};
    int[] other = ids.clone();
    other[6] = 20; // the target of the module's row 4
    assertThat(logits(plain, other)[1][4]).isEqualTo(logits(plain, ids)[1][4]);
    assertThat(logits(noMask, other)[1][4]).isNotEqualTo(logits(noMask, ids)[1][4]);
    assertThat(logits(noMask, ids)[0]).isDeepEqualTo(logits(plain, ids)[0]);
    assertThat(logits(noMask, other)[0][5]).isEqualTo(logits(noMask, ids)[0][5]);
  }

  @Test
  void rowsAreMirroredWithinTheirDocument() {
    assertThat(Rows.mirrored(new int[] {0, 0, 0, 3, 4, 4})).containsExactly(2, 1, 0, 3, 5, 4);
  }

  @ParameterizedTest
  @EnumSource(MtpControl.class)
  void decodingStaysLossless(MtpControl control) {
    for (ModelConfig plain :
        new ModelConfig[] {TestModels.small(1, true), TestModels.latent(1, true, 0)}) {
      ModelConfig config = plain.withMtpControl(control);
      try (Backend backend = new HostBackend()) {
        backend.compile(TrainGraph.evaluation(config, ModelLayout.of(config), FP32, 8));
        ParameterInit.upload(backend, config, ModelLayout.of(config), 4);
        Generator generator = new Generator(backend, config, FP32, 60);
        int[] prompt = {3, 1, 4};
        assertThat(generator.generate(prompt, GenerateOptions.greedy(40, 2)).tokens())
            .isEqualTo(generator.generate(prompt, GenerateOptions.greedy(40, 0)).tokens());
      }
    }
  }

  @Test
  void shiftedTargetsAreOneTokenLater() {
    ModelConfig plain = TestModels.small(2, true);
    int[] now = targets(plain, 1);
    int[] shifted = targets(plain.withMtpControl(MtpControl.SHIFTED_TARGETS), 1);
    assertThat(Arrays.copyOf(shifted, 5)).isEqualTo(Arrays.copyOfRange(now, 1, 6));
    assertThat(targets(plain.withMtpControl(MtpControl.SHIFTED_TARGETS), 0))
        .isEqualTo(targets(plain, 0));
  }

  private static int[] targets(ModelConfig config, int depth) {
    Batch batch = TestModels.batch(31, 5, 9);
    try (Backend backend = new HostBackend()) {
      Executable eval =
          backend.compile(TrainGraph.evaluation(config, ModelLayout.of(config), FP32, 9));
      ParameterInit.upload(backend, config, ModelLayout.of(config), 4);
      ModelRunner runner = new ModelRunner(backend, config);
      runner.upload(batch);
      runner.run(eval);
      int[] targets = new int[9];
      backend.download(MtpLoss.targetsName(depth), MemorySegment.ofArray(targets));
      return targets;
    }
  }
}
