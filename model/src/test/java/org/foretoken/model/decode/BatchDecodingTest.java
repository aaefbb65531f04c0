package org.foretoken.model.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchDecodingTest {
  private static ModelConfig model(int depth) {
    return new ModelConfig(
        "t",
        3, // from so few tokens even an untrained module proposes some right
        72,
        2,
        new AttentionConfig.GroupedQuery(4, 2, 18),
        136,
        10_000,
        1e-6f,
        depth,
        false,
        0.15);
  }

  private static Backend loaded(ModelConfig config) {
    Backend backend = new HostBackend();
    backend.compile(
        TrainGraph.evaluation(config, ModelLayout.of(config), PrecisionTable.of(Recipe.FP32), 8));
    ParameterInit.upload(backend, config, ModelLayout.of(config), 3);
    return backend;
  }

  private static List<GenerateRequest> requests(int count, int drafts, double temperature) {
    SplittableRandom random = new SplittableRandom(11);
    List<GenerateRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] prompt = random.ints(1 + random.nextInt(90), 0, 3).toArray();
      requests.add(
          new GenerateRequest(
              prompt,
              new GenerateOptions(
                  1 + random.nextInt(40), i % (drafts + 1), temperature, i, i % 3 == 0 ? 2 : -1)));
    }
    return requests;
  }

  @ParameterizedTest
  @CsvSource({"FP32, 1, 3, 0", "DEEPSEEK, 2, 2, 0", "BF16, 1, 2, 1", "DEEPSEEK, 1, 4, 0.7"})
  void everyPromptGetsWhatItGetsAlone(Recipe recipe, int depth, int drafts, double temperature) {
    ModelConfig config = model(depth);
    List<GenerateRequest> requests = requests(24, drafts, temperature);
    try (Backend backend = loaded(config)) {
      Generator generator = new Generator(backend, config, PrecisionTable.of(recipe), 3200);
      List<Integer> heard = new ArrayList<>();
      List<Generation> together =
          generator.generate(
              requests,
              (request, token, proposedBy) -> {
                if (request == 5) {
                  heard.add(token);
                }
              });
      long accepted = 0;
      for (int i = 0; i < requests.size(); i++) {
        Generation g = together.get(i);
        Generation alone = generator.generate(requests.get(i).prompt(), requests.get(i).options());
        assertThat(g.tokens()).as("prompt " + i).isEqualTo(alone.tokens());
        assertThat(g.proposedBy()).isEqualTo(alone.proposedBy());
        assertThat(g.checks()).isEqualTo(alone.checks());
        assertThat(g.steps()).isEqualTo(alone.steps());
        accepted += g.accepted();
      }
      assertThat(accepted).isPositive();
      assertThat(heard).containsExactlyElementsOf(boxed(together.get(5).tokens()));
    }
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  @Test
  void checksTellWhatBecameOfEveryDraft() {
    ModelConfig config = model(1);
    try (Backend backend = loaded(config)) {
      Generator generator = new Generator(backend, config, PrecisionTable.of(Recipe.FP32), 200);
      Generation g = generator.generate(new int[] {1, 2}, GenerateOptions.greedy(60, 3));
      Generation plain = generator.generate(new int[] {1, 2}, GenerateOptions.greedy(60, 0));
      assertThat(plain.checks()).isEmpty();
      assertThat(plain.steps()).isEqualTo(60);
      // Every token is either an accepted draft or the trunk's own, one of those a step.
      assertThat(g.tokens().length - g.accepted()).isEqualTo(g.steps());
      for (DraftCheck c : g.checks()) {
        assertThat(c.accepted() && !c.reached()).isFalse();
        if (c.accepted()) {
          assertThat(g.proposedBy()[c.position()]).isEqualTo(c.depth());
        }
      }
      Acceptance all = g.acceptance(3);
      assertThat(Arrays.stream(all.proposed()).sum()).isEqualTo(g.checks().size());
      assertThat(all.reached()[0]).isEqualTo(all.proposed()[0]);
      // A second draft is not made where the first already ends the text.
      assertThat(all.reached()[1]).isBetween(all.accepted()[0] - 1, all.accepted()[0]);
      List<Acceptance> parts = Acceptance.byPosition(List.of(g), 3, 20, 3);
      for (int k = 0; k < 3; k++) {
        int depth = k;
        assertThat(parts.stream().mapToLong(p -> p.accepted()[depth]).sum())
            .isEqualTo(all.accepted()[k]);
      }
      assertThat(all.conditionalRates().getFirst()).isEqualTo(all.rates().getFirst());
    }
  }

  @Test
  void comparesPlainAndSpeculativeDecoding() {
    ModelConfig config = model(1);
    try (Backend backend = loaded(config)) {
      Generator generator = new Generator(backend, config, PrecisionTable.of(Recipe.FP32), 200);
      List<int[]> prompts = List.of(new int[] {1, 2}, new int[] {0}, new int[] {2, 2, 2});
      DecodeComparison c =
          DecodeComparison.run(generator, prompts, GenerateOptions.greedy(30, 2), 2, 2, 1e9);
      assertThat(c.same()).isTrue();
      assertThat(c.plainTokensPerSecond()).hasSize(2);
      assertThat(c.tokens()).isEqualTo(90);
      assertThat(c.tokensPerStep()).isGreaterThanOrEqualTo(1);
      assertThat(c.acceptanceByPosition().stream().mapToLong(a -> a.proposed()[0]).sum())
          .isEqualTo(c.acceptance().proposed()[0]);
    }
  }

  @Test
  void aBatchThatDoesNotFitIsRefusedInOneLine() {
    ModelConfig config = model(0);
    try (Backend backend = loaded(config)) {
      Generator generator = new Generator(backend, config, PrecisionTable.of(Recipe.FP32), 50);
      assertThatThrownBy(
              () ->
                  generator.generate(
                      List.of(
                          new GenerateRequest(new int[] {1}, GenerateOptions.greedy(30, 0)),
                          new GenerateRequest(new int[] {1}, GenerateOptions.greedy(30, 0))),
                      TokenListener.NONE))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("within 50, found 62 of 2 prompts");
      assertThatThrownBy(() -> generator.generate(new int[] {1}, GenerateOptions.greedy(3, 1)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("0 to 0 drafts");
    }
  }
}
