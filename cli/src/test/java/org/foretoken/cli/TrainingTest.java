package org.foretoken.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.model.memory.KvCache;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands train, generate and report on a model of a few thousand parameters. */
class TrainingTest {
  private static final String SMALL =
      """
      preset: tiny
      name: small
      model:
        hidden_size: 24
        layers: 1
        attention: {heads: 2, kv_heads: 1, head_dim: 8}
        intermediate_size: 40
        mtp_depth: 2
      train:
        batch_size: 2
        sequence_length: 24
        steps: 6
        schedule_steps: 6
        warmup_steps: 2
        eval_every: 3
        eval_batches: 1
        checkpoint_every: 2
      data:
        validation_fraction: 0.3
      """;

  @TempDir private static Path folder;
  private static Path config;
  private static Path text;
  private static Path model; // a finished run that tests read and do not change

  @BeforeAll
  static void trainOnce() throws IOException {
    config = Files.writeString(folder.resolve("small.yaml"), SMALL);
    text = Files.createDirectory(folder.resolve("text"));
    for (int i = 0; i < 4; i++) {
      Files.writeString(
          text.resolve(i + ".txt"), ("the quick brown fox no. " + i + "\n").repeat(9));
    }
    model = trained("model");
  }

  /** Trains on the reference device, which needs no warm-up, unless told otherwise. */
  private static Program train(String... more) {
    List<String> args = new ArrayList<>(List.of("train", config.toString()));
    args.addAll(List.of("--data", text.toString()));
    args.addAll(List.of(more));
    if (!args.contains("--device")) {
      args.addAll(List.of("--device", "reference"));
    }
    return Program.run(args.toArray(String[]::new));
  }

  private static Path trained(String name, String... more) {
    Path out = folder.resolve(name);
    List<String> args = new ArrayList<>(List.of("--out", out.toString()));
    args.addAll(List.of(more));
    Program p = train(args.toArray(String[]::new));
    assertThat(p.exitCode()).as(p.err()).isZero();
    return out;
  }

  private static Program generate(String... more) {
    List<String> args = new ArrayList<>(List.of("generate", "--device", "reference"));
    args.addAll(List.of(more));
    return Program.run(args.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({"deepseek, reference", "bf16, reference", "fp32, reference"})
  void aRunEndsWithMetricsCheckpointReportAndOneJsonObject(String recipe, String device) {
    Path out = folder.resolve("run " + recipe);
    Program p = train("--json", "--recipe", recipe, "--device", device, "--out", out.toString());
    assertThat(p.exitCode()).as(p.err()).isZero();
    assertThat(p.out().lines()).hasSize(1);
    JsonNode json = p.json();
    assertThat(json.path("steps").asInt()).isEqualTo(6);
    assertThat(json.path("tokens").asLong()).isEqualTo(6 * 2 * 24);
    assertThat(json.path("loss_main").asDouble()).isBetween(0.5, 6.5);
    assertThat(json.path("loss_mtp")).hasSize(2);
    assertThat(json.path("acceptance")).hasSize(2);
    assertThat(json.path("val_bits_per_byte").asDouble())
        .isEqualTo(json.path("val_loss_main").asDouble() / Math.log(2));
    assertThat(json.path("tokens_per_second").asDouble()).isPositive();
    assertThat(json.path("recipe").asText()).isEqualTo(recipe);
    assertThat(json.path("device").asText()).isEqualTo(device);

    RunHistory history = RunHistory.read(out);
    assertThat(history.steps()).extracting(s -> s.step()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(history.steps().getLast().lossMain()).isEqualTo(json.path("loss_main").asDouble());
    assertThat(history.evals()).extracting(e -> e.step()).containsExactly(3, 6);
    assertThat(history.samples()).extracting(s -> s.step()).containsExactly(3, 6);
    assertThat(history.start().targetsPerSequence()).containsExactly(23, 22, 21);
    assertThat(history.decoding().orElseThrow().same()).isTrue();
    assertThat(out.resolve("report.html")).isNotEmptyFile();
    assertThat(Path.of(json.path("checkpoint").asText()).resolve("config.json")).exists();
    if (Files.isReadable(Path.of("/proc/self/status"))) {
      assertThat(json.path("peak_memory_bytes").asLong()).isGreaterThan(1L << 24);
      assertThat(history.end().orElseThrow().peakMemoryBytes())
          .isBetween(1L << 24, json.path("peak_memory_bytes").asLong());
    }
  }

  @Test
  void resumingRepeatsTheUninterruptedRunToTheLastBit() throws IOException {
    Path whole = trained("whole", "--device", "host");
    Path parts = trained("parts", "--device", "host", "--steps", "3");
    Program p = Program.run("train", "--resume", parts.toString(), "--steps", "6", "--json");
    assertThat(p.exitCode()).as(p.err()).isZero();
    assertThat(p.json().path("steps").asInt()).isEqualTo(6);
    List<Double> expected = RunHistory.read(whole).steps().stream().map(s -> s.lossMain()).toList();
    assertThat(RunHistory.read(parts).steps()).extracting(s -> s.lossMain()).isEqualTo(expected);
    assertThat(Files.readString(parts.resolve("metrics.jsonl")).lines())
        .as("appended, not written anew")
        .filteredOn(l -> l.contains("\"type\":\"start\""))
        .hasSize(2);
  }

  @Test
  void aModelFarTooLargeIsRefusedInOneLineBeforeAnythingIsAllocated() {
    Program p = Program.run("train", "deepseek-v3", "--out", folder.resolve("v3").toString());
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err().lines()).hasSize(1);
    assertThat(p.err())
        .startsWith("foretoken: memory: expected at most")
        .containsPattern("found a need of 76[0-9]{2}\\.[0-9]+ GiB");
    assertThat(folder.resolve("v3")).doesNotExist();
  }

  @Test
  void resumingARunThatIsDoneSaysHow() {
    Program p = Program.run("train", "--resume", model.toString());
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err())
        .startsWith("foretoken: --resume: expected more steps than the 6 that are done")
        .contains("--steps");
    Program other = Program.run("train", "--resume", model.toString(), "--set", "model.layer=3");
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.err()).contains("--set: model.layer: unknown key; did you mean 'layers'?");
  }

  @Test
  void aFolderWithARunIsNotOverwritten() {
    Program p = train("--out", model.toString());
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err()).contains("found one; go on with --resume");
  }

  @Test
  void aShortRunShortensTheWarmUpAndSaysSo() {
    Program p =
        train(
            "--set",
            "train.schedule_steps=0",
            "--steps",
            "1",
            "--out",
            folder.resolve("one").toString());
    assertThat(p.exitCode()).as(p.err()).isZero();
    assertThat(p.err()).contains("warm-up shortened from 2 to 1 steps");
  }

  @Test
  void tooLittleMemoryIsKnownBeforeAnythingIsAllocated() {
    Path out = folder.resolve("huge");
    Program p =
        train(
            "--out",
            out.toString(),
            "--set",
            "model.hidden_size=65536",
            "--set",
            "model.layers=1000");
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err()).contains("foretoken: memory: expected at most").contains("lower");
    assertThat(out).as("nothing is left behind").doesNotExist();
  }

  @Test
  void greedyOutputIsTheSameWithAndWithoutSpeculation() {
    String[] plain = {
      "--checkpoint",
      model.toString(),
      "--prompt",
      "the qu",
      "--tokens",
      "40",
      "--json",
      "--no-speculative"
    };
    String[] fast = plain.clone();
    fast[7] = "--speculative";
    JsonNode a = generate(plain).json();
    JsonNode b = generate(fast).json();
    assertThat(b.path("tokens")).isEqualTo(a.path("tokens"));
    assertThat(b.path("text").asText()).isEqualTo(a.path("text").asText());
    assertThat(a.path("tokens")).hasSizeBetween(1, 40);
    assertThat(a.path("acceptance")).isEmpty();
    assertThat(b.path("acceptance")).hasSize(2);
    assertThat(a.path("tokens_per_step").asDouble()).isEqualTo(1);
    assertThat(b.path("tokens_per_second").asDouble()).isPositive();
  }

  @Test
  void aModelWithLatentAttentionTrainsAndDecodesOnItsCacheOfLatents() {
    String latent =
        "model.attention={kind: latent, heads: 2, q_lora_rank: 12, kv_lora_rank: 10,"
            + " qk_nope_head_dim: 6, qk_rope_head_dim: 4, v_head_dim: 8}";
    Path out = trained("latent", "--set", latent, "--recipe", "deepseek", "--device", "host");
    RunHistory history = RunHistory.read(out);
    assertThat(history.decoding().orElseThrow().same()).isTrue();
    assertSampleIsTheCheckpoints(out, history.samples().getLast());
    int layers = history.start().config().path("model").path("layers").asInt();
    assertThat(history.start().memory().kvCache())
        .isEqualTo(new KvCache(layers + 2, 10 + 4, 2 * (6 + 8), 6 + 8, 2, 1, true));
    JsonNode json =
        Program.run(
                "generate",
                "--checkpoint",
                out.toString(),
                "--prompt",
                "the",
                "--tokens",
                "4",
                "--json",
                "--device",
                "host")
            .json();
    assertThat(json.path("kv_cache").path("bytes_per_token").asLong())
        .isEqualTo((layers + 2) * 14L * Float.BYTES);
    assertThat(json.path("kv_cache").path("multi_head").asLong())
        .isEqualTo((layers + 2) * 28L * Float.BYTES);
    Program text =
        Program.run(
            "generate",
            "--checkpoint",
            out.toString(),
            "--prompt",
            "the",
            "--tokens",
            "4",
            "--device",
            "host");
    assertThat(text.err()).contains("blocks of 14 values in F32); MHA with 2 heads");
    Program road =
        generate(
            "--checkpoint", out.toString(), "--prompt", "the", "--tokens", "1", "--gemm", "ptx");
    assertThat(road.exitCode()).isEqualTo(2);
    assertThat(road.err()).contains("--gemm ptx: expected --device gpu, found reference");
  }

  /** What a run writes while it is trained is what its checkpoint writes. */
  private static void assertSampleIsTheCheckpoints(Path run, MetricsLine.Sample sample) {
    byte[] prompt = new byte[sample.prompt().size()];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = sample.prompt().get(i).byteValue();
    }
    JsonNode json =
        Program.run(
                "generate",
                "--checkpoint",
                run.toString(),
                "--prompt",
                new String(prompt, StandardCharsets.UTF_8),
                "--tokens",
                "" + sample.tokens().size(),
                "--temperature",
                "" + sample.temperature(),
                "--json",
                "--device",
                "host")
            .json();
    assertThat(json.path("tokens").toString().replace(",", ", "))
        .isEqualTo(sample.tokens().toString());
    assertThat(json.path("proposed_by").toString().replace(",", ", "))
        .isEqualTo(sample.proposedBy().toString());
  }

  @Test
  void promptsTogetherGetWhatEachGetsAlone() {
    String[] both = {
      "--checkpoint",
      model.toString(),
      "--prompt",
      "int ",
      "--prompt",
      "a",
      "--tokens",
      "20",
      "--drafts",
      "3",
      "--json"
    };
    Program together = generate(both);
    assertThat(together.exitCode()).as(together.err()).isZero();
    List<String> lines = together.out().lines().toList();
    assertThat(lines).hasSize(2);
    String[] second = {
      "--checkpoint",
      model.toString(),
      "--prompt",
      "a",
      "--tokens",
      "20",
      "--no-speculative",
      "--json"
    };
    JsonNode alone = generate(second).json();
    assertThat(lines.get(1)).contains("\"tokens\":" + alone.path("tokens"));
    assertThat(lines.get(1)).contains("\"drafts\":3");
  }

  @Test
  void roundsCompareBothWaysOfDecoding() {
    String[] args = {
      "--checkpoint",
      model.toString(),
      "--prompt",
      "int ",
      "--tokens",
      "16",
      "--rounds",
      "2",
      "--json"
    };
    JsonNode c = generate(args).json().path("comparison");
    assertThat(c.path("same").asBoolean()).isTrue();
    assertThat(c.path("plain_tokens_per_second")).hasSize(2);
    assertThat(c.path("acceptance_by_position")).hasSize(8);
    assertThat(c.path("acceptance_by_position").path(0)).hasSize(2);
    Program p = generate("--checkpoint", model.toString(), "--prompt", "a", "--rounds", "1");
    assertThat(p.err()).contains("by turns").contains("the same tokens").contains("by position");
  }

  @Test
  void anExportedModelContinuesTextsByItself() throws IOException {
    Path out = folder.resolve("exported");
    Program p =
        Program.run("export", model.toString(), out.toString(), "--dtype", "fp32", "--json");
    assertThat(p.exitCode()).as(p.err()).isZero();
    assertThat(out.resolve("tokenizer.json")).exists();
    String[] fromFolder = {
      "--model", out.toString(), "--prompt", "int ", "--json", "--tokens", "24"
    };
    String[] fromRun = {
      "--checkpoint",
      model.toString(),
      "--prompt",
      "int ",
      "--json",
      "--tokens",
      "24",
      "--recipe",
      "fp32"
    };
    JsonNode a = generate(fromFolder).json();
    assertThat(a.path("tokens")).isEqualTo(generate(fromRun).json().path("tokens"));
    assertThat(a.path("recipe").asText()).isEqualTo("fp32");
    assertThat(a.path("acceptance")).hasSize(2);
    Program trunk =
        generate("--model", out.toString(), "--prompt", "int ", "--json", "--mtp-depth", "0");
    assertThat(trunk.json().path("speculative").asBoolean()).isFalse();

    Program depth = generate("--model", out.toString(), "--prompt", "a", "--mtp-depth", "1");
    assertThat(depth.exitCode()).isEqualTo(2);
    assertThat(depth.err()).contains("num_nextn_predict_layers").hasLineCount(1);
    Files.delete(out.resolve("tokenizer.json"));
    Program none = generate("--model", out.toString(), "--prompt", "a");
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.err()).contains("expected tokenizer.json").contains("--tokenizer bytes");
    Program bytes =
        generate("--model", out.toString(), "--prompt", "a", "--tokenizer", "bytes", "--json");
    assertThat(bytes.exitCode()).as(bytes.err()).isZero();
    Path large = Path.of("../model/src/test/resources/small-tokenizer.json");
    Program differs =
        generate("--model", out.toString(), "--prompt", "a", "--tokenizer", large.toString());
    assertThat(differs.exitCode()).isEqualTo(2);
    assertThat(differs.err()).contains("expected at most 256 tokens").contains("found 274");
    Program again = Program.run("export", model.toString(), out.toString());
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err()).contains("exists already");
  }

  @Test
  void anExportedModelIsTheStartOfARun() throws IOException {
    Path exported = folder.resolve("to-import");
    String[] export = {"export", model.toString(), exported.toString(), "--dtype", "fp32"};
    assertThat(Program.run(export).exitCode()).isZero();
    Path run = folder.resolve("imported");
    String[] args = {
      "import",
      exported.toString(),
      run.toString(),
      "--config",
      config.toString(),
      "--set",
      "data.path=" + text,
      "--set",
      "train.recipe=fp32"
    };
    Program p = Program.run(args);
    assertThat(p.exitCode()).as(p.err()).isZero();
    assertThat(p.out()).contains("step-000000").contains("train --resume");
    String[] written = {"--prompt", "int ", "--json", "--tokens", "24", "--recipe", "fp32"};
    assertThat(generate(joined(written, "--checkpoint", run.toString())).json().path("tokens"))
        .isEqualTo(
            generate(joined(written, "--checkpoint", model.toString())).json().path("tokens"));
    Program on = Program.run("train", "--resume", run.toString(), "--device", "reference");
    assertThat(on.exitCode()).as(on.err()).isZero();
    assertThat(RunHistory.read(run).steps()).extracting(s -> s.step()).contains(1, 6);
    assertThat(Program.run(args).err()).contains("expected a folder without a run");
  }

  private static String[] joined(String[] some, String... more) {
    List<String> all = new ArrayList<>(List.of(some));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  @Test
  void aModelIsTrainedOnTheTokensOfATokenizer() {
    Path file = Path.of("../model/src/test/resources/small-tokenizer.json").toAbsolutePath();
    Path run =
        trained("worded", "--set", "data.tokenizer=" + file, "--set", "model.vocab_size=280");
    RunHistory history = RunHistory.read(run);
    assertThat(history.samples().getLast().pieces()).isNotEmpty();
    assertThat(history.samples().getLast().promptText()).isNotEmpty();
    assertThat(run.resolve("report.html")).exists();
    String[] args = {"--checkpoint", run.toString(), "--prompt", "hello world", "--json"};
    Program p = generate(args);
    assertThat(p.exitCode()).as(p.err()).isZero();
    Path out = folder.resolve("worded-out");
    assertThat(Program.run("export", run.toString(), out.toString()).exitCode()).isZero();
    assertThat(out.resolve("tokenizer.json")).hasSameBinaryContentAs(file);
    Program small = train("--set", "data.tokenizer=" + file);
    assertThat(small.exitCode()).isEqualTo(2);
    assertThat(small.err()).contains("set model.vocab_size to 274");
  }

  @Test
  void samplingDependsOnTheSeedAlone() {
    String[] one = {
      "--checkpoint", model.toString(), "--prompt", "é", "--temperature", "1", "--seed", "7"
    };
    Program first = generate(one);
    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(generate(one).out()).isEqualTo(first.out()).startsWith("é");
    one[7] = "8";
    assertThat(generate(one).out()).isNotEqualTo(first.out());
  }

  @Test
  void generateSaysWhatIsWrongWithACheckpoint() throws IOException {
    Path run = trained("plain", "--set", "model.mtp_depth=0");
    Program p = generate("--checkpoint", run.toString(), "--prompt", "x", "--speculative");
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err()).contains("--speculative: expected a model with MTP modules");

    Path model = run.resolve("checkpoints/step-000006/model.safetensors");
    Files.write(model, new byte[] {1, 2, 3});
    Program damaged = generate("--checkpoint", run.toString(), "--prompt", "x");
    assertThat(damaged.exitCode()).as(damaged.err()).isEqualTo(2);
    assertThat(damaged.err()).contains("model.safetensors");
    assertThat(damaged.err().lines()).hasSize(1);
  }

  @Test
  void reportIsWrittenAgainFromTheMetrics() throws IOException {
    Path copy = Files.createDirectory(folder.resolve("copy"));
    Files.copy(model.resolve("metrics.jsonl"), copy.resolve("metrics.jsonl"));
    Program p = Program.run("report", copy.toString());
    assertThat(p.exitCode()).as(p.err()).isZero();
    assertThat(copy.resolve("report.html")).hasSameTextualContentAs(model.resolve("report.html"));
  }

  @Test
  void anEmptyCorpusSaysWhatToGive() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Program p = Program.run("train", config.toString(), "--data", empty.toString());
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err()).contains("expected text").contains("--data");
    Path tiny = Files.writeString(folder.resolve("tiny.txt"), "abc");
    Program q =
        Program.run(
            "train",
            config.toString(),
            "--data",
            tiny.toString(),
            "--out",
            folder.resolve("o").toString());
    assertThat(q.exitCode()).isEqualTo(2);
    assertThat(q.err()).contains("train.sequence_length");
  }
}
