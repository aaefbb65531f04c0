package org.foretoken.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.DataConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.Recompute;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.data.Document;
import org.foretoken.model.data.TokenStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainerTest {
  @TempDir Path folder;

  private static Corpus corpus() {
    List<Document> documents = new ArrayList<>();
    for (int d = 0; d < 8; d++) {
      String text = ("document " + d + " counts " + d * 7 + " and ends; ").repeat(12 + d);
      documents.add(new Document("d" + d, text.getBytes(StandardCharsets.US_ASCII)));
    }
    return new Corpus(
        "test", new TokenStream(documents.subList(1, 8)), new TokenStream(documents.subList(0, 1)));
  }

  private static RunConfig run(TrainConfig train) {
    return new RunConfig("t", TestModels.bytes(2), train, new DataConfig("", "", true, 0.1));
  }

  private record Ran(List<StepMetrics> steps, TrainResult result) {
    List<String> losses() {
      return steps.stream()
          .map(
              s ->
                  s.step()
                      + " "
                      + Double.doubleToLongBits(s.lossMain())
                      + " "
                      + Arrays.toString(s.lossMtp())
                      + " "
                      + Double.doubleToLongBits(s.gradientNorm()))
          .toList();
    }
  }

  private static Ran train(TrainConfig config, Path directory, Path resume, int threads) {
    return train(config, TestModels.bytes(2), directory, resume, threads);
  }

  private static Ran train(
      TrainConfig config, ModelConfig model, Path directory, Path resume, int threads) {
    RunConfig run = new RunConfig("t", model, config, new DataConfig("", "", true, 0.1));
    List<StepMetrics> steps = new ArrayList<>();
    TrainListener listener =
        new TrainListener() {
          @Override
          public void stepped(StepMetrics metrics) {
            steps.add(metrics);
          }
        };
    try (HostPool pool = new HostPool(threads);
        HostBackend backend = new HostBackend(pool, false)) {
      TrainResult result = new Trainer(run, corpus(), backend, directory, listener).run(resume);
      return new Ran(steps, result);
    }
  }

  @ParameterizedTest
  @EnumSource(Recipe.class)
  void lossesFallOnHeldOutTextAtEveryDepth(Recipe recipe) {
    TrainConfig config = TestModels.training(recipe, 60);
    Ran ran = train(config, folder, null, 2);
    StepMetrics first = ran.steps.get(0);
    EvalMetrics end = ran.result.evaluation();
    assertThat(first.lossMain()).isBetween(4.5, 7.0);
    assertThat(end.lossMain()).isLessThan(first.lossMain() - 2);
    for (int k = 0; k < 2; k++) {
      assertThat(end.lossMtp()[k]).isLessThan(first.lossMtp()[k] - 2);
    }
    assertThat(end.bitsPerByte()).isEqualTo(end.lossMain() / Math.log(2));
    assertThat(first.mtpLambda()).isEqualTo(0.3);
    assertThat(ran.result.last().mtpLambda()).isEqualTo(0.1);
  }

  @ParameterizedTest
  @EnumSource(Recipe.class)
  void aStoppedAndResumedRunRepeatsTheLossesToTheLastBit(Recipe recipe) {
    List<String> whole =
        train(TestModels.training(recipe, 12), folder.resolve("a"), null, 2).losses();
    Ran part = train(TestModels.training(recipe, 5), folder.resolve("b"), null, 1);
    Ran rest = train(TestModels.training(recipe, 12), folder.resolve("b"), folder.resolve("b"), 2);
    List<String> joined = new ArrayList<>(part.losses());
    joined.addAll(rest.losses());
    assertThat(joined).isEqualTo(whole);
    assertThat(rest.result.steps()).isEqualTo(12);
  }

  @Test
  void aResumedRunWithAccumulationAndRecomputationRepeatsTheLossesToTheLastBit() {
    List<String> whole = train(accumulated(12), folder.resolve("a"), null, 2).losses();
    Ran part = train(accumulated(5), folder.resolve("b"), null, 1);
    Ran rest = train(accumulated(12), folder.resolve("b"), folder.resolve("b"), 2);
    List<String> joined = new ArrayList<>(part.losses());
    joined.addAll(rest.losses());
    assertThat(joined).isEqualTo(whole);
  }

  private static TrainConfig accumulated(int steps) {
    return TestModels.training(Recipe.DEEPSEEK, steps, 2, 3, Recompute.BLOCK);
  }

  @Test
  void microBatchesTrainAsOneBatch() {
    Ran whole =
        train(
            TestModels.training(Recipe.FP32, 8, 6, 1, Recompute.NONE),
            folder.resolve("a"),
            null,
            1);
    Ran parts =
        train(
            TestModels.training(Recipe.FP32, 8, 2, 3, Recompute.NONE),
            folder.resolve("b"),
            null,
            1);
    for (int i = 0; i < 8; i++) {
      StepMetrics a = whole.steps.get(i);
      StepMetrics b = parts.steps.get(i);
      assertThat(b.tokens()).isEqualTo(a.tokens()).isEqualTo((i + 1) * 6L * 33);
      assertThat(b.lossMain()).isCloseTo(a.lossMain(), within(1e-4 * a.lossMain()));
      assertThat(b.lossMtp()[1]).isCloseTo(a.lossMtp()[1], within(1e-4 * a.lossMtp()[1]));
      assertThat(b.gradientNorm()).isCloseTo(a.gradientNorm(), within(1e-3 * a.gradientNorm()));
      assertThat(b.accuracy()).hasSameSizeAs(a.accuracy());
    }
  }

  @Test
  void recomputationChangesNoLoss() {
    List<String> kept = train(TestModels.training(Recipe.DEEPSEEK, 6), folder, null, 2).losses();
    TrainConfig recomputing = TestModels.training(Recipe.DEEPSEEK, 6, 3, 1, Recompute.BLOCK);
    assertThat(train(recomputing, folder.resolve("b"), null, 2).losses()).isEqualTo(kept);
  }

  @Test
  void fourModulesTrain() {
    TrainConfig config = TestModels.training(Recipe.DEEPSEEK, 12);
    Ran ran = train(config, TestModels.bytes(4), folder, null, 2);
    StepMetrics first = ran.steps.getFirst();
    StepMetrics last = ran.result.last();
    assertThat(last.lossMtp()).hasSize(4);
    assertThat(last.accuracy()).hasSize(5);
    for (int k = 0; k < 4; k++) {
      assertThat(last.lossMtp()[k]).isLessThan(first.lossMtp()[k]);
    }
  }

  @Test
  void aCheckpointIsCompleteOrAbsent() throws IOException {
    train(TestModels.training(Recipe.DEEPSEEK, 2), folder, null, 1);
    Path good = CheckpointStore.locate(folder);
    assertThat(good.getFileName()).hasToString("step-000002");
    // What a kill in the middle of the next save leaves behind.
    Path partial = folder.resolve("checkpoints/.partial-step-000003");
    Files.createDirectories(partial);
    Files.write(partial.resolve("model.safetensors"), new byte[100]);
    assertThat(CheckpointStore.locate(folder)).isEqualTo(good);
    Ran more = train(TestModels.training(Recipe.DEEPSEEK, 4), folder, folder, 1);
    assertThat(more.steps.get(0).step()).isEqualTo(3);
    assertThat(partial).doesNotExist();
    assertThat(CheckpointStore.locate(folder).getFileName()).hasToString("step-000004");
  }

  @Test
  void aSaveThatFailsLeavesTheLastGoodCheckpoint() {
    train(TestModels.training(Recipe.FP32, 1), folder, null, 1);
    Path good = CheckpointStore.locate(folder);
    assertThatThrownBy(
            () ->
                CheckpointStore.save(
                    folder,
                    2,
                    f -> {
                      Files.writeString(f.resolve("config.json"), "{}");
                      throw new IOException("No space left on device");
                    }))
        .hasMessageContaining("No space left")
        .hasMessageContaining("untouched");
    assertThat(CheckpointStore.locate(folder)).isEqualTo(good);
    assertThat(folder.resolve("checkpoints")).isDirectoryNotContaining("glob:**/.partial*");
  }

  @Test
  void aCheckpointOfAnotherModelOrRecipeIsRefused() {
    train(TestModels.training(Recipe.FP32, 1), folder, null, 1);
    assertThatThrownBy(() -> train(TestModels.training(Recipe.BF16, 2), folder, folder, 1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected BF16");
    assertThatThrownBy(() -> CheckpointStore.locate(folder.resolve("absent")))
        .isInstanceOf(InputException.class);
    assertThatThrownBy(() -> CheckpointStore.locate(folder.resolve("checkpoints")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected config.json");
  }

  @Test
  void theConfigurationOfARunIsInItsCheckpoint() {
    TrainConfig config = TestModels.training(Recipe.BF16, 1);
    train(config, folder, null, 1);
    assertThat(TrainCheckpoint.config(folder)).isEqualTo(run(config));
  }

  @Test
  void aRunThatNeedsMoreMemoryThanThereIsIsRefusedBeforeItStarts() {
    assertThatThrownBy(() -> new MemoryCheck(1L << 60, 0, 0).require())
        .isInstanceOf(InputException.class)
        .hasMessageContaining("memory")
        .hasMessageContaining("train.batch_size");
  }
}
