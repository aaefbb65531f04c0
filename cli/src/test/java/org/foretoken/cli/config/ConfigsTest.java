package org.foretoken.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigsTest {
  @TempDir Path folder;

  private String file(String text) throws IOException {
    Path file = folder.resolve("my.yaml");
    Files.writeString(file, text);
    return file.toString();
  }

  private String messageOf(String text, String... settings) throws IOException {
    String file = file(text);
    String message = messageOfLoading(file, settings);
    assertThat(message).startsWith(file + ":");
    return message.substring(file.length() + 1);
  }

  private static String messageOfLoading(String file, String... settings) {
    try {
      Configs.load(file, settings(settings));
    } catch (InputException e) {
      assertThat(e.getMessage()).doesNotContain("\n");
      return e.getMessage();
    }
    throw new AssertionError("loaded without an error");
  }

  private static List<Configs.Setting> settings(String... assignments) {
    return Stream.of(assignments).map(Configs.Setting::of).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "listing", "nanogpt-cpu", "deepseek-v3", "mini-deepseek"})
  void presetsStandOnTheirOwn(String name) {
    RunConfig config = YamlBinder.bind(RunConfig.class, Presets.read(name, "test"));
    assertThat(config).isEqualTo(Configs.load(name, List.of()));
    assertThat(config.name()).isEqualTo(name);
  }

  @Test
  void theListingHasTheShapeOfTheBook() {
    RunConfig config = Configs.load("listing", List.of());
    assertThat(config.model().vocabSize()).isEqualTo(1000);
    assertThat(config.model().hiddenSize()).isEqualTo(128);
    assertThat(config.model().layers()).isEqualTo(6);
    assertThat(config.model().attention().heads()).isEqualTo(8);
    assertThat(config.model().intermediateSize()).isEqualTo(512);
    assertThat(config.model().mtpDepth()).isEqualTo(3);
    assertThat(config.train().mtpLambda()).isEqualTo(0.1);
    assertThat(config.train().batchSize()).isEqualTo(2);
    assertThat(config.train().sequenceLength()).isEqualTo(20);
  }

  @Test
  void aFileOverridesItsPresetKeyByKey() throws IOException {
    String file =
        file("preset: listing\nmodel:\n  layers: 2\n  attention: {heads: 4, kv_heads: 2}\n");
    RunConfig config = Configs.load(file, List.of());
    RunConfig preset = Configs.load("listing", List.of());
    assertThat(config.model().layers()).isEqualTo(2);
    assertThat(config.model().attention()).isEqualTo(new AttentionConfig.GroupedQuery(4, 2, 16));
    assertThat(config.model().hiddenSize()).isEqualTo(preset.model().hiddenSize());
    assertThat(config.train()).isEqualTo(preset.train());
  }

  @Test
  void aFileWithoutPresetExtendsTheDefault() throws IOException {
    RunConfig config = Configs.load(file("train: {recipe: bf16, learning_rate: 1e-3}"), List.of());
    assertThat(config.train().recipe()).isEqualTo(Recipe.BF16);
    assertThat(config.train().learningRate()).isEqualTo(1e-3);
    assertThat(config.model()).isEqualTo(Configs.load("tiny", List.of()).model());
  }

  @Test
  void settingsWinOverTheFileAndLaterOnesOverEarlier() throws IOException {
    RunConfig config =
        Configs.load(
            file("preset: tiny\nmodel: {layers: 2}\n"),
            settings("model.layers=3", "train.recipe=FP32", "model.layers=5", "data.path=/a:b#c"));
    assertThat(config.model().layers()).isEqualTo(5);
    assertThat(config.train().recipe()).isEqualTo(Recipe.FP32);
    assertThat(config.data().path()).isEqualTo("/a:b#c");
  }

  @Test
  void whatIsWrittenIsReadBackToEqualRecords() throws IOException {
    RunConfig config =
        Configs.load("tiny", settings("data.path=/a b/\"c\"\\ü: #😀", "train.learning_rate=0.1"));
    assertThat(Configs.load(file(YamlWriter.write(config)), List.of())).isEqualTo(config);
  }

  private static final String EXPERTS =
      "model: {feed_forward: {kind: mixture_of_experts, routed_experts: 8, shared_experts: 1,"
          + " experts_per_token: 2, moe_intermediate_size: 64, expert_groups: 4, topk_group: 2,"
          + " norm_topk_prob: true, routed_scaling_factor: 2.5, bias_update_speed: 1e-3,"
          + " balance_loss_alpha: 1e-4, first_dense_layers: 1}}";

  @Test
  void expertsAreReadAndWrittenBack() throws IOException {
    RunConfig config = Configs.load(file(EXPERTS), List.of());
    assertThat(config.model().feedForward())
        .isEqualTo(
            new FeedForwardConfig.MixtureOfExperts(8, 1, 2, 64, 4, 2, true, 2.5, 1e-3, 1e-4, 1));
    assertThat(Configs.load(file(YamlWriter.write(config)), List.of())).isEqualTo(config);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "expert_groups=3 | expected a divisor of routed_experts (8), found 3",
        "expert_groups=0 | expected a divisor of routed_experts (8), found 0",
        "topk_group=5 | expected 1 to 4, found 5",
        "experts_per_token=5 | expected at most the experts of topk_group groups (4), found 5",
        "experts_per_token=9 | expected 1 to 8, found 9",
        "first_dense_layers=5 | expected 0 to 4, found 5",
        "bias_update_speed=-1 | expected at least 0 and at most 1, found -1",
      })
  void expertsOutOfRangeAreReported(String setting, String message) throws IOException {
    String path = "model.feed_forward." + setting.substring(0, setting.indexOf('='));
    assertThat(messageOfLoading(file(EXPERTS), "model.feed_forward." + setting))
        .isEqualTo("--set: " + path + ": " + message);
  }

  @Test
  void anUnknownKeyIsNamedWithLineAndSuggestion() throws IOException {
    assertThat(messageOf("preset: tiny\nmodel:\n  hiden_size: 3\n"))
        .isEqualTo("3: model.hiden_size: unknown key; did you mean 'hidden_size'?");
    assertThat(messageOf("modle: {}\n")).isEqualTo("1: modle: unknown key; did you mean 'model'?");
    assertThat(messageOf("model: {attention: {zzzzzz: 1}}"))
        .isEqualTo(
            "1: model.attention.zzzzzz: unknown key; known keys: kind, heads, kv_heads, head_dim");
  }

  @Test
  void aKeyTwiceIsAnErrorWithBothLines() throws IOException {
    assertThat(messageOf("model:\n  layers: 2\n  layers: 3\n"))
        .startsWith("3: ")
        .contains("layers")
        .contains("line 2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model: {layers: four} | model.layers: expected a whole number of at most 2147483647, found four",
        "model: {layers: '4'} | model.layers: expected a whole number of at most 2147483647, found the text \"4\"",
        "model: {layers: 1.5} | model.layers: expected a whole number of at most 2147483647, found 1.5",
        "model: {layers: 3000000000} | model.layers: expected a whole number of at most 2147483647, found 3000000000",
        "model: {layers: [1]} | model.layers: expected a whole number of at most 2147483647, found a list",
        "model: {layers: } | model.layers: expected a whole number of at most 2147483647, found nothing",
        "model: 3 | model: expected the keys 'name', 'vocab_size', 'hidden_size', 'layers', 'attention', 'intermediate_size', 'feed_forward', 'rope_theta', 'rms_norm_eps', 'mtp_depth', 'tie_embeddings', 'init_std', 'mtp_control', found 3",
        "model: {tie_embeddings: yes} | model.tie_embeddings: expected true or false, found yes",
        "model: {rope_theta: .nan} | model.rope_theta: expected a finite number, found .nan",
        "model: {rope_theta: NaN} | model.rope_theta: expected a finite number, found NaN",
        "model: {rope_theta: 1e999} | model.rope_theta: expected a finite number, found 1e999",
        "model: {rms_norm_eps: 1e39} | model.rms_norm_eps: expected a finite number, found 1e39",
        "model: {attention: {kind: mqa}} | model.attention.kind: expected one of grouped_query, latent, found mqa",
        "model: {attention: 8} | model.attention: expected the keys 'kind' and what belongs to it, found 8",
        "train: {recipe: deepsek} | train.recipe: expected one of fp32, bf16, deepseek, hybrid, tensorwise, mxfp8, block_gradients, found deepsek; did you mean 'deepseek'?",
        "train: {recompute: blok} | train.recompute: expected one of none, block, found blok; did you mean 'block'?",
        "train: {accumulation: all} | train.accumulation: expected a whole number of at most 2147483647, found all",
        "data: {document_mask: 1} | data.document_mask: expected true or false, found 1",
        "data: {path: } | data.path: expected text (\"\" for none), found nothing",
        "data: {path: {a: 1}} | data.path: expected text, found keys (a)",
        "preset: [a] | preset: expected a name, found a list",
      })
  void aWrongTypeIsReportedWithPathExpectedAndFound(String yaml, String message)
      throws IOException {
    assertThat(messageOf(yaml)).isEqualTo("1: " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model.layers=0 | model.layers: expected 1 to 1024, found 0",
        "model.layers=-1 | model.layers: expected 1 to 1024, found -1",
        "model.hidden_size=0 | model.hidden_size: expected 1 to 65536, found 0",
        "model.vocab_size=255 | model.vocab_size: expected 256 to 1000000, found 255",
        "model.attention.kv_heads=3 | model.attention.kv_heads: expected a divisor of heads (4), found 3",
        "model.attention.kv_heads=0 | model.attention.kv_heads: expected 1 to 1024, found 0",
        "model.attention.head_dim=63 | model.attention.head_dim: expected an even number, since rotary positions turn pairs, found 63",
        "model.mtp_depth=-1 | model.mtp_depth: expected 0 to 16, found -1",
        "model.init_std=0 | model.init_std: expected more than 0 and at most 1, found 0",
        "train.batch_size=100000 | train.batch_size: expected at most 1048576 tokens a micro-batch (batch_size x sequence_length; see train.accumulation), found 25600000",
        "train.sequence_length=2 | train.sequence_length: expected at least 3, so that MTP depth 1 has a target, found 2",
        "train.accumulation=0 | train.accumulation: expected 1 to 1024, found 0",
        "train.accumulation=1025 | train.accumulation: expected 1 to 1024, found 1025",
        "train.steps=0 | train.steps: expected 1 to 1000000000, found 0",
        "train.warmup_steps=4000 | train.warmup_steps: expected 0 to the schedule's length (300 steps), found 4000",
        "train.schedule_steps=10 | train.warmup_steps: expected 0 to the schedule's length (10 steps), found 50",
        "train.beta1=1 | train.beta1: expected at least 0 and less than 1, found 1",
        "train.beta2=-0.1 | train.beta2: expected at least 0 and less than 1, found -0.1",
        "train.learning_rate=0 | train.learning_rate: expected more than 0 and at most 10, found 0",
        "train.min_learning_rate=1 | train.min_learning_rate: expected at least 0 and at most 0.002, found 1",
        "train.epsilon=0 | train.epsilon: expected more than 0 and at most 1, found 0",
        "train.eval_batches=0 | train.eval_batches: expected 1 to 1000000, found 0",
        "data.validation_fraction=1 | data.validation_fraction: expected more than 0 and less than 1, found 1",
      })
  void aValueOutOfRangeIsReportedWithPathExpectedAndFound(String setting, String message)
      throws IOException {
    String file =
        file(
            """
            preset: tiny
            model: {mtp_depth: 1, attention: {heads: 4, kv_heads: 4, head_dim: 64}}
            train:
              sequence_length: 256
              steps: 300
              schedule_steps: 0
              warmup_steps: 50
              learning_rate: 2e-3
              min_learning_rate: 0
            """);
    String path = message.substring(0, message.indexOf(':'));
    String source = setting.startsWith(path + "=") ? "--set: " : file + ":7: ";
    assertThat(messageOfLoading(file, setting)).isEqualTo(source + message);
  }

  @Test
  void aRangeErrorNamesTheLineOfTheFile() throws IOException {
    assertThat(messageOf("preset: tiny\nname: ../up\n"))
        .startsWith("2: name: expected 1 to 64 letters");
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.layers", "=3", "model..layers=3", "model layers=3", ""})
  void aSettingHasToBeAnAssignment(String setting) {
    assertThat(messageOfLoading("tiny", setting))
        .isEqualTo("--set: expected KEY=VALUE such as model.layers=2, found '" + setting + "'");
  }

  @Test
  void aSettingsUnknownKeyGetsASuggestion() {
    assertThat(messageOfLoading("tiny", "model.layer=3"))
        .isEqualTo("--set: model.layer: unknown key; did you mean 'layers'?");
  }

  @Test
  void anUnknownFileOrPresetListsThePresets() throws IOException {
    assertThat(messageOfLoading("tinny"))
        .contains("no such file, and no preset of that name")
        .contains("listing")
        .endsWith("did you mean 'tiny'?");
    assertThat(messageOf("preset: huge"))
        .startsWith("1: preset: expected one of")
        .contains("found 'huge'");
    assertThat(messageOfLoading(folder.toString()))
        .endsWith("expected a YAML file, found a folder");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  \n\n", "# only a comment\n", "---\n"})
  void anEmptyFileSaysWhatIsExpected(String text) throws IOException {
    assertThat(messageOf(text)).contains("expected keys such as").endsWith("found an empty file");
  }

  @Test
  void whatIsNoMappingSaysWhatIsExpected() throws IOException {
    assertThat(messageOf("- a\n- b\n")).endsWith("found a list");
    assertThat(messageOf("just text")).endsWith("found just text");
    assertThat(messageOf("a: 1\n---\nb: 2\n")).contains("not valid YAML");
    assertThat(messageOf("a: [1\nb: 2\n")).startsWith("2: not valid YAML");
    assertThat(messageOf("a: \0")).contains("not valid YAML");
    assertThat(messageOf("model: !!java.lang.Runtime {}"))
        .contains("1: not valid YAML: Global tag");
    assertThat(messageOf("model: !mine {}")).contains("1: unexpected tag '!mine'");
    assertThat(messageOf("[a]: 1")).contains("1: expected a name as key");
  }

  @Test
  void bombsAreRefused() throws IOException {
    StringBuilder laughs = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 30; i++) {
      laughs.append("a" + i + ": &a" + i + " [*a" + (i - 1) + ", *a" + (i - 1) + "]\n");
    }
    assertThat(messageOf(laughs.toString())).contains("aliases");
    assertThat(messageOf("a: " + "[".repeat(5000) + "]".repeat(5000))).contains("Nesting");
    assertThat(messageOf("model: &m\n  model: *m\n")).contains("nested");
    assertThat(messageOf("#" + "x".repeat(2 << 20))).contains("at most 1 MiB");
  }

  @Test
  void otherEncodingsAreRefused() throws IOException {
    Path file = folder.resolve("latin1.yaml");
    Files.write(file, "name: \u00e9\u00e9".getBytes(StandardCharsets.ISO_8859_1));
    assertThatExceptionOfType(InputException.class)
        .isThrownBy(() -> Configs.load(file.toString(), List.of()))
        .withMessage(file + ": expected UTF-8 text, found other bytes");
  }
}
