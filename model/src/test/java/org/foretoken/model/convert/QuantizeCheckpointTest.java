package org.foretoken.model.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.foretoken.model.convert.TestCheckpoint.DOWN;
import static org.foretoken.model.convert.TestCheckpoint.KV_A;
import static org.foretoken.model.convert.TestCheckpoint.LINEAR;
import static org.foretoken.model.convert.TestCheckpoint.ONE;
import static org.foretoken.model.convert.TestCheckpoint.Q_A;
import static org.foretoken.model.convert.TestCheckpoint.TWO;
import static org.foretoken.model.convert.TestCheckpoint.UNKNOWN;
import static org.foretoken.model.convert.TestCheckpoint.UP;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.DequantizerReference;
import org.foretoken.fp8.ErrorStatistics;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Fp8Tensor;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.QuantizerReference;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.TensorInfo;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole folders through the converters, held to the slow reference tensor by tensor. */
class QuantizeCheckpointTest {
  private static final HostPool POOL = new HostPool(2);

  @TempDir Path temp;
  private Path in;
  private Path out;

  @AfterAll
  static void close() {
    POOL.close();
  }

  @BeforeEach
  void paths() {
    in = temp.resolve("in");
    out = temp.resolve("out");
  }

  private ConversionResult quantize(QuantizationRecipe recipe) {
    return QuantizeCheckpoint.run(
        POOL, in, out, recipe, LinearWeights.BY_NAME, true, ConversionListener.NONE);
  }

  static List<QuantizationRecipe> recipes() {
    return List.of(
        QuantizationRecipes.BLOCK_128X128,
        QuantizationRecipes.BLOCK_128X128_POW2,
        QuantizationRecipes.BLOCK_128X128.withElement(Formats.E5M2),
        QuantizationRecipes.TILE_1X128,
        QuantizationRecipes.TILE_128X1,
        QuantizationRecipes.TENSOR,
        QuantizationRecipes.ROW,
        QuantizationRecipes.MXFP8,
        QuantizationRecipes.MXFP4,
        QuantizationRecipes.INT8_ROW);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void codesScalesAndBackMatchTheReference(QuantizationRecipe recipe) throws IOException {
    TestCheckpoint source = new TestCheckpoint(in).write();
    ConversionResult result = quantize(recipe);
    assertThat(result.converted()).containsExactlyInAnyOrderElementsOf(LINEAR);
    assertThat(result.unknown()).containsExactly(UNKNOWN);
    assertThat(result.reports())
        .hasSize(LINEAR.size())
        .isSortedAccordingTo(TensorReport.WORST_FIRST);
    Path back = temp.resolve("back");
    Path wide = temp.resolve("wide");
    DequantizeCheckpoint.run(POOL, out, back, SafetensorsDType.BF16, ConversionListener.NONE);
    DequantizeCheckpoint.run(POOL, out, wide, SafetensorsDType.F32, ConversionListener.NONE);
    try (CheckpointFolder original = CheckpointFolder.open(in);
        CheckpointFolder made = CheckpointFolder.open(out);
        CheckpointFolder narrow = CheckpointFolder.open(back);
        CheckpointFolder floats = CheckpointFolder.open(wide)) {
      assertThat(made.shards()).containsOnlyKeys(ONE, TWO);
      assertThat(floats.tensorNames()).containsExactlyInAnyOrderElementsOf(original.tensorNames());
      for (String name : original.tensorNames()) {
        if (!LINEAR.contains(name)) {
          assertThat(made.info(name).dtype()).isEqualTo(original.info(name).dtype());
          assertThat(made.bytes(name).mismatch(original.bytes(name))).as(name).isEqualTo(-1);
          assertThat(floats.bytes(name).mismatch(original.bytes(name))).as(name).isEqualTo(-1);
          continue;
        }
        TensorInfo info = original.info(name);
        int rows = info.shape().get(0).intValue();
        int columns = info.shape().get(1).intValue();
        Fp8Tensor want =
            QuantizerReference.quantize(name, source.values.get(name), rows, columns, recipe);
        checkTensor(made, name, want);
        float[] values = DequantizerReference.dequantize(want);
        MemorySegment bf16 = narrow.bytes(name);
        MemorySegment f32 = floats.bytes(name);
        for (int i = 0; i < values.length; i++) {
          assertEqual(f32.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i), values[i], name);
          short code = bf16.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i);
          assertEqual(Bf16.decode(code), Bf16.round(values[i]), name);
        }
        ErrorStatistics statistics = ErrorStatistics.of(source.values.get(name), want);
        TensorReport report =
            result.reports().stream().filter(r -> r.tensor().equals(name)).findFirst().get();
        assertThat(report.sqnrDecibels())
            .isCloseTo(statistics.sqnrDecibels(), org.assertj.core.data.Offset.offset(1e-9));
        assertThat(report.largestError()).isEqualTo(statistics.largestError());
        assertThat(report.saturationShare()).isEqualTo(statistics.saturationShare());
        assertThat(report.underflowShare()).isEqualTo(statistics.underflowShare());
      }
    }
  }

  private static void assertEqual(float found, float wanted, String name) {
    if (Float.floatToIntBits(found) != Float.floatToIntBits(wanted)) {
      assertThat(found).as(name).isEqualTo(wanted);
    }
  }

  private static void checkTensor(CheckpointFolder made, String name, Fp8Tensor want) {
    MemorySegment codes = made.bytes(name);
    int bits = made.info(name).dtype().bits();
    assertThat(made.info(name).shape()).containsExactly((long) want.rows(), (long) want.columns());
    for (int i = 0; i < want.rows() * want.columns(); i++) {
      int found = codes.get(ValueLayout.JAVA_BYTE, (long) i * bits / 8);
      found = bits == 8 ? found & 0xff : found >>> 4 * (i % 2) & 0xf;
      if (found != (want.codes()[i] & 0xff)) {
        assertThat(found).as(name + " code " + i).isEqualTo(want.codes()[i] & 0xff);
      }
    }
    TensorInfo scales = made.info(name + "_scale_inv");
    assertThat(scales.shape()).containsExactly((long) want.scaleRows(), (long) want.scaleColumns());
    MemorySegment bytes = made.bytes(scales.name());
    for (int i = 0; i < want.scales().length; i++) {
      float found =
          scales.dtype() == SafetensorsDType.F8_E8M0
              ? (float) Formats.E8M0.decode(bytes.get(ValueLayout.JAVA_BYTE, i) & 0xff)
              : bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
      assertThat(found).as(scales.name() + " " + i).isEqualTo(want.scales()[i]);
    }
  }

  @Test
  void theLayoutIsDeepSeeks() throws IOException {
    new TestCheckpoint(in).write();
    quantize(QuantizationRecipes.BLOCK_128X128);
    try (CheckpointFolder made = CheckpointFolder.open(out)) {
      assertThat(made.info(Q_A))
          .extracting(TensorInfo::dtype, TensorInfo::shape)
          .containsExactly(SafetensorsDType.F8_E4M3, List.of(200L, 300L));
      assertThat(made.info(Q_A + "_scale_inv"))
          .extracting(TensorInfo::dtype, TensorInfo::shape)
          .containsExactly(SafetensorsDType.F32, List.of(2L, 3L));
      assertThat(made.config().orElseThrow().toString())
          .isEqualTo(
              "{\"model_type\":\"deepseek_v3\",\"torch_dtype\":\"bfloat16\","
                  + "\"quantization_config\":{\"activation_scheme\":\"dynamic\",\"fmt\":\"e4m3\","
                  + "\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}");
    }
    try (var files = Files.list(out)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              ONE, TWO, "config.json", "model.safetensors.index.json", "tokenizer.json");
    }
    assertThat(Files.readString(out.resolve("model.safetensors.index.json")))
        .contains("\"" + Q_A + "_scale_inv\" : \"" + ONE + "\"")
        .contains("total_size");
  }

  @Test
  void anInterruptedRunGoesOn() throws IOException {
    new TestCheckpoint(in).write();
    Path clean = temp.resolve("clean");
    ConversionResult whole =
        QuantizeCheckpoint.run(
            POOL,
            in,
            clean,
            QuantizationRecipes.BLOCK_128X128,
            LinearWeights.BY_NAME,
            true,
            ConversionListener.NONE);
    Path partial = temp.resolve("out.partial");
    assertThatThrownBy(() -> runUntilSecondShard()).hasMessage("killed");
    assertThat(out).doesNotExist();
    assertThat(partial.resolve(ONE)).exists();
    assertThat(partial.resolve(TWO)).doesNotExist();

    assertThatThrownBy(() -> quantize(QuantizationRecipes.TENSOR))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("other settings");
    ConversionResult resumed = quantize(QuantizationRecipes.BLOCK_128X128);
    assertThat(resumed.resumed()).isEqualTo(1);
    assertThat(resumed.reports()).isEqualTo(whole.reports());
    assertThat(partial).doesNotExist();
    for (String shard : List.of(ONE, TWO)) {
      assertThat(out.resolve(shard)).hasSameBinaryContentAs(clean.resolve(shard));
    }
  }

  @Test
  void aDamagedShardOfAnInterruptedRunIsMadeAgain() throws IOException {
    new TestCheckpoint(in).write();
    assertThatThrownBy(() -> runUntilSecondShard()).hasMessage("killed");
    Path shard = temp.resolve("out.partial").resolve(ONE);
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length - 1] ^= 1;
    Files.write(shard, bytes);
    assertThat(quantize(QuantizationRecipes.BLOCK_128X128).resumed()).isZero();
    bytes[bytes.length - 1] ^= 1;
    assertThat(out.resolve(ONE)).hasBinaryContent(bytes);
  }

  private void runUntilSecondShard() {
    ConversionListener killer =
        new ConversionListener() {
          @Override
          public void shard(String name, boolean kept) {
            if (name.equals(TWO)) {
              throw new IllegalStateException("killed");
            }
          }
        };
    QuantizeCheckpoint.run(
        POOL, in, out, QuantizationRecipes.BLOCK_128X128, LinearWeights.BY_NAME, true, killer);
  }

  @Test
  void numbersThatAreNoneAreNamedAndNothingIsLeft() throws IOException {
    record Bad(String tensor, int index, float value, String place) {}
    for (Bad bad :
        List.of(
            new Bad(Q_A, 150 * 300 + 7, Float.NaN, "[150, 7] (element 45007)"),
            new Bad(KV_A, 3, Float.NEGATIVE_INFINITY, "[0, 3] (element 3)"),
            new Bad(DOWN, 4 * 130, Float.POSITIVE_INFINITY, "[4, 0] (element 520)"),
            new Bad(UP, 128 * 128 - 1, Float.NaN, "[127, 127] (element 16383)"))) {
      Path folder = temp.resolve("bad" + bad.index());
      new TestCheckpoint(folder).with(bad.tensor(), bad.index(), bad.value()).write();
      for (QuantizationRecipe recipe :
          List.of(
              QuantizationRecipes.BLOCK_128X128,
              QuantizationRecipes.TENSOR,
              QuantizationRecipes.INT8_ROW)) {
        assertThatThrownBy(
                () ->
                    QuantizeCheckpoint.run(
                        POOL,
                        folder,
                        out,
                        recipe,
                        LinearWeights.BY_NAME,
                        false,
                        ConversionListener.NONE))
            .isInstanceOf(InputException.class)
            .hasMessageContaining(bad.tensor())
            .hasMessageContaining(".safetensors'")
            .hasMessageContaining(bad.place())
            .hasMessageContaining(Float.toString(bad.value()));
        assertThat(out).doesNotExist();
        assertThat(temp.resolve("out.partial")).doesNotExist();
      }
    }
  }

  @Test
  void theRuleCanBeWidenedAndNarrowed() throws IOException {
    new TestCheckpoint(in).write();
    LinearWeights rule =
        new LinearWeights(Pattern.compile("^vision\\."), Pattern.compile("experts\\."));
    ConversionResult result =
        QuantizeCheckpoint.run(
            POOL, in, out, QuantizationRecipes.BLOCK_128X128, rule, false, ConversionListener.NONE);
    assertThat(result.converted()).containsExactlyInAnyOrder(Q_A, KV_A, UNKNOWN);
    assertThat(result.unknown()).isEmpty();
    assertThat(result.reports()).isEmpty();
  }

  @Test
  void outputsThatWouldDoHarmAreRefused() throws IOException {
    new TestCheckpoint(in).write();
    out = in.resolve("fp8");
    assertThatThrownBy(() -> quantize(QuantizationRecipes.BLOCK_128X128))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("lies in the input");
    Path link = Files.createSymbolicLink(temp.resolve("link"), in);
    out = link.resolve("fp8");
    assertThatThrownBy(() -> quantize(QuantizationRecipes.BLOCK_128X128))
        .hasMessageContaining("lies in the input");
    out = in;
    assertThatThrownBy(() -> quantize(QuantizationRecipes.BLOCK_128X128))
        .isInstanceOf(InputException.class);
    out = temp.resolve("missing/out");
    assertThatThrownBy(() -> quantize(QuantizationRecipes.BLOCK_128X128))
        .hasMessageContaining("existing folder");
    out = Files.createDirectory(temp.resolve("full"));
    Files.writeString(out.resolve("x"), "mine");
    assertThatThrownBy(() -> quantize(QuantizationRecipes.BLOCK_128X128))
        .hasMessageContaining("exists already");
    out = temp.resolve("new");
    Files.createDirectory(temp.resolve("new.partial"));
    Files.writeString(temp.resolve("new.partial/x"), "mine");
    assertThatThrownBy(() -> quantize(QuantizationRecipes.BLOCK_128X128))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("not of a conversion");
    assertThat(temp.resolve("new.partial/x")).hasContent("mine");
    out = Files.createDirectory(temp.resolve("empty"));
    quantize(QuantizationRecipes.BLOCK_128X128);
    assertThat(out.resolve("config.json")).exists();
  }

  @Test
  void inputsThatDoNotFitAreRefused() throws IOException {
    new TestCheckpoint(in).write();
    for (QuantizationRecipe recipe :
        List.of(
            QuantizationRecipes.NVFP4,
            QuantizationRecipes.E5M6_CACHE,
            QuantizationRecipes.TENSOR_DELAYED,
            QuantizationRecipes.TILE_128X1.withGranularity(Granularity.COLUMN))) {
      assertThatThrownBy(() -> quantize(recipe))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("no file format");
    }
    assertThatThrownBy(
            () ->
                DequantizeCheckpoint.run(
                    POOL, in, out, SafetensorsDType.BF16, ConversionListener.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("not quantized");
    quantize(QuantizationRecipes.BLOCK_128X128);
    Path again = temp.resolve("again");
    assertThatThrownBy(
            () ->
                QuantizeCheckpoint.run(
                    POOL,
                    out,
                    again,
                    QuantizationRecipes.BLOCK_128X128,
                    LinearWeights.BY_NAME,
                    false,
                    ConversionListener.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("dequantize it first");
    assertThat(again).doesNotExist();
  }

  @Test
  void scalesThatDoNotFitAreRefused() throws IOException {
    new TestCheckpoint(in).write();
    quantize(QuantizationRecipes.BLOCK_128X128);
    Path config = out.resolve("config.json");
    String text = Files.readString(config);
    Files.writeString(config, text.replaceFirst("\\[ 128, 128 ]", "[ 64, 128 ]"));
    assertThatThrownBy(() -> dequantize(out))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected scales F32 [")
        .hasMessageContaining("_scale_inv");
    Files.writeString(config, text.replace("\"fp8\"", "\"awq\""));
    assertThatThrownBy(() -> dequantize(out))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("config.json' quantization_config")
        .hasMessageContaining("awq");
    Files.delete(config);
    dequantize(out);
    assertThat(temp.resolve("back/config.json")).exists();
  }

  private void dequantize(Path from) {
    DequantizeCheckpoint.run(
        POOL, from, temp.resolve("back"), SafetensorsDType.BF16, ConversionListener.NONE);
  }
}
