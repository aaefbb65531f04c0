package org.foretoken.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands over files, as a shell sees them: output, error line, exit code. */
class FileCommandsTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final String Q = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path temp;
  private Path in;
  private Path out;
  private String stdout;
  private String stderr;

  @BeforeEach
  void checkpoint() throws IOException {
    in = Files.createDirectory(temp.resolve("in"));
    out = temp.resolve("out");
    write(0.5f);
  }

  private void write(float first) throws IOException {
    Files.deleteIfExists(in.resolve("model.safetensors"));
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(3);
    MemorySegment floats = Arena.ofAuto().allocate(4 * 200 * 150, 64);
    for (int i = 0; i < 200 * 150; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    floats.setAtIndex(ValueLayout.JAVA_FLOAT, 0, first);
    entries.add(entry(Q, floats));
    entries.add(entry("model.embed_tokens.weight", floats));
    SafetensorsWriter.write(in.resolve("model.safetensors"), Map.of("format", "pt"), entries);
  }

  private static SafetensorsWriter.Entry entry(String name, MemorySegment floats) {
    return new SafetensorsWriter.Entry(
        name, SafetensorsDType.F32, List.of(200L, 150L), () -> floats);
  }

  private int run(Object... args) {
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    String[] words = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      words[i] = args[i].toString();
    }
    int code =
        Main.run(
            new PrintStream(outBytes, true, StandardCharsets.UTF_8),
            new PrintStream(errBytes, true, StandardCharsets.UTF_8),
            words);
    stdout = outBytes.toString(StandardCharsets.UTF_8);
    stderr = errBytes.toString(StandardCharsets.UTF_8);
    return code;
  }

  private void fails(String part, Object... args) {
    assertThat(run(args)).as(stderr).isEqualTo(2);
    assertThat(stdout).isEmpty();
    List<String> errors = stderr.lines().filter(l -> l.startsWith("foretoken: ")).toList();
    assertThat(errors).hasSize(1);
    assertThat(errors.getFirst()).contains(part);
    assertThat(stderr).doesNotContain("\tat ").endsWith(errors.getFirst() + "\n");
  }

  @Test
  void quantizeAndBackWithJson() throws IOException {
    assertThat(run("quantize", in, out, "--report", "--json")).isZero();
    JsonNode result = MAPPER.readTree(stdout);
    assertThat(result.path("converted").toString()).isEqualTo("[\"" + Q + "\"]");
    assertThat(result.path("tensors").get(0).path("tensor").asText()).isEqualTo(Q);
    assertThat(result.path("tensors").get(0).path("sqnr_db").asDouble()).isBetween(30.0, 33.0);
    assertThat(result.path("recipe").path("name").asText()).isEqualTo("128x128");
    assertThat(stderr).contains("quantize model.safetensors").contains("100.0 %");
    Path back = temp.resolve("back");
    assertThat(run("dequantize", out, back, "--to", "fp32", "--json")).isZero();
    assertThat(MAPPER.readTree(stdout).path("to").asText()).isEqualTo("fp32");
    assertThat(Files.size(back.resolve("model.safetensors")))
        .isEqualTo(Files.size(in.resolve("model.safetensors")));
  }

  @Test
  void quantizeReportsATable() {
    assertThat(run("quantize", in, out, "--report", "--recipe", "mxfp8")).isZero();
    assertThat(stdout).contains("SQNR dB").contains(Q).contains("1 weights in 1 files");
  }

  @Test
  void deepseekNamesItsWeightsLayout() throws IOException {
    assertThat(run("quantize", in, out, "--recipe", "deepseek")).isZero();
    Path named = temp.resolve("named");
    assertThat(run("quantize", in, named, "--recipe", "128x128")).isZero();
    for (String file : List.of("model.safetensors", "config.json")) {
      assertThat(out.resolve(file)).hasSameBinaryContentAs(named.resolve(file));
    }
  }

  @Test
  void recipesFromAFile() throws IOException {
    Path recipe = temp.resolve("r.yaml");
    Files.writeString(recipe, "preset: 128x128\nelement: E5M2\n");
    assertThat(run("quantize", in, out, "--recipe", recipe)).isZero();
    assertThat(out.resolve("config.json")).content().contains("\"fmt\" : \"e5m2\"");
    Files.writeString(recipe, "preset: 128x128\nelment: E5M2\n");
    fails("elment", "quantize", in, temp.resolve("o2"), "--recipe", recipe);
    Files.writeString(recipe, "a: [");
    fails("r.yaml", "quantize", in, temp.resolve("o2"), "--recipe", recipe);
  }

  @Test
  void wrongInputIsOneLineAndExitCode2() throws IOException {
    fails("did you mean '128x128'", "quantize", in, out, "--recipe", "128x182");
    fails("no file format", "quantize", in, out, "--recipe", "nvfp4");
    fails("found nothing", "quantize", temp.resolve("none"), out);
    fails("lies in the input", "quantize", in, in.resolve("o"));
    fails("not quantized", "dequantize", in, out);
    fails("--to", "dequantize", in, out, "--to", "fp16");
    fails("--include", "quantize", in, out, "--include", "(");
    fails("OUT", "quantize", in);
    write(Float.NaN);
    fails("[0, 0] (element 0): expected a finite number, found NaN", "quantize", in, out);
    Path file = in.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    fails("model.safetensors': tensor 'model.embed_tokens.weight'", "quantize", in, out);
    fails("model.safetensors': tensor 'model.embed_tokens.weight'", "inspect", file);
    fails("no such file", "inspect", temp.resolve("none"));
    assertThat(out).doesNotExist();
    assertThat(temp.resolve("out.partial")).doesNotExist();
  }

  @Test
  void inspectShowsTensorsExponentsAndRecipes() throws IOException {
    assertThat(run("inspect", in)).isZero();
    assertThat(stdout)
        .contains("200x150")
        .contains("2 tensors in 1 files, 60,000 values")
        .contains("2^0")
        .contains("1 linear weights")
        .containsPattern("(?m)^128x128 .* 8\\.00");
    assertThat(run("inspect", in.resolve("model.safetensors"), "--json")).isZero();
    JsonNode result = MAPPER.readTree(stdout);
    assertThat(result.path("exponents").path("values").asLong()).isEqualTo(60_000);
    long counted = 0;
    for (JsonNode count : result.path("exponents").path("counts")) {
      counted += count.asLong();
    }
    assertThat(counted + result.path("exponents").path("zeros").asLong()).isEqualTo(60_000);
    assertThat(result.path("recipes"))
        .allSatisfy(recipe -> assertThat(recipe.path("measured").asInt()).isEqualTo(1));
  }

  @Test
  void inspectLivesWithNumbersThatAreNone() throws IOException {
    write(Float.NaN);
    assertThat(run("inspect", in, "--json")).isZero();
    JsonNode result = MAPPER.readTree(stdout);
    assertThat(result.path("exponents").path("nans").asLong()).isEqualTo(2);
    assertThat(result.path("recipes").get(0).path("measured").asInt()).isZero();
  }

  @Test
  void formatsShowsOneAllAndAValue() throws IOException {
    assertThat(run("formats")).isZero();
    assertThat(stdout).contains("E4M3").contains("57344").contains("E2M1");
    assertThat(run("formats", "e4m3", "--json")).isZero();
    JsonNode table = MAPPER.readTree(stdout).path("values");
    assertThat(table).hasSize(256);
    assertThat(table.get(0x7e).path("value").asDouble()).isEqualTo(448);
    assertThat(table.get(0x7f).path("value").isNull()).isTrue();
    assertThat(run("formats", "e4m3", "--value", "1.1875", "--json")).isZero();
    assertThat(MAPPER.readTree(stdout).path("code").asInt()).isEqualTo(0x3a);
    assertThat(run("formats", "e4m3", "--value", "-0x1p-10", "--json")).isZero();
    assertThat(MAPPER.readTree(stdout).path("code").asInt()).isEqualTo(0x80);
    assertThat(run("formats", "e5m2", "--value", "inf")).isZero();
    assertThat(run("formats", "--examples")).isZero();
    assertThat(stdout).contains("amax");
    assertThat(run("formats", "bf16")).isZero();
    assertThat(stdout).doesNotContain("0x0001");
    fails("expected one of", "formats", "e9m9");
    fails("--value", "formats", "e4m3", "--value", "1f");
    fails("expected a NAME", "formats", "--value", "1");
  }

  @Test
  void memoryAddsUp() throws IOException {
    assertThat(run("memory", "70b", "--json")).isZero();
    JsonNode plans = MAPPER.readTree(stdout).path("plans");
    assertThat(plan(plans, "fp32").path("weights_bytes").asLong()).isEqualTo(280_000_000_000L);
    assertThat(plan(plans, "bf16").path("weights_bytes").asLong()).isEqualTo(140_000_000_000L);
    assertThat(plan(plans, "deepseek").path("optimizer_bytes_per_parameter").asInt()).isEqualTo(12);
    assertThat(plan(plans, "fp32").path("optimizer_bytes_per_parameter").asInt()).isEqualTo(16);
    assertThat(run("memory", "tiny")).isZero();
    assertThat(stdout).contains("KV cache 2.00 KiB a token (4 blocks of 256 values in BF16)");
    assertThat(stdout).contains("training in all");
    Path llama = temp.resolve("config.json");
    Files.writeString(
        llama,
        "{\"model_type\":\"llama\",\"vocab_size\":128256,\"hidden_size\":8192,"
            + "\"num_hidden_layers\":80,\"num_attention_heads\":64,\"num_key_value_heads\":8,"
            + "\"intermediate_size\":28672}");
    assertThat(run("memory", llama, "--plan", "deepseek", "--json")).isZero();
    JsonNode result = MAPPER.readTree(stdout);
    assertThat(result.path("parameters").asLong()).isEqualTo(70_553_706_496L);
    long lines = 0;
    for (JsonNode line : result.path("plans").get(0).path("lines")) {
      lines += line.path("bytes").asLong();
    }
    assertThat(lines)
        .isEqualTo(
            result.path("plans").get(0).path("training_bytes").asLong()
                + result.path("plans").get(0).path("kv_cache_bytes").asLong());
    fails("--plan", "memory", "70b", "--plan", "fp4");
    fails("no such file", "memory", "nonsense");
    Files.writeString(llama, "{\"hidden_size\":-1}");
    fails("num_hidden_layers", "memory", llama);
  }

  private static JsonNode plan(JsonNode plans, String name) {
    for (JsonNode plan : plans) {
      if (plan.path("plan").asText().equals(name)) {
        return plan;
      }
    }
    throw new AssertionError(name);
  }
}
