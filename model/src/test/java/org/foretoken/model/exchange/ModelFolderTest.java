package org.foretoken.model.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.TestModels;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.convert.ConversionListener;
import org.foretoken.model.convert.ConversionResult;
import org.foretoken.model.convert.ExportModel;
import org.foretoken.model.decode.GenerateOptions;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.Linear;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ModelFolderTest {
  private static final long SMALL_SHARDS = 20_000;

  @TempDir private Path folder;

  /** Every kind of model that there is. */
  static Stream<ModelConfig> models() {
    ModelConfig eight =
        TestModels.withAttention(
            TestModels.small(2, false), new AttentionConfig.GroupedQuery(4, 2, 8));
    FeedForwardConfig experts =
        new FeedForwardConfig.MixtureOfExperts(4, 1, 2, 20, 2, 1, true, 1.5, 0.001, 0.0001, 1);
    return Stream.of(
        eight,
        TestModels.withAttention(
            TestModels.small(0, true), new AttentionConfig.GroupedQuery(4, 4, 8)),
        TestModels.latent(1, false, 9),
        TestModels.latent(1, true, 0).withFeedForward(experts),
        eight.withFeedForward(experts));
  }

  private ConversionResult export(SavedModel model, Path to, WeightFormat format) {
    return ExportModel.run(
        HostPool.shared(), model.folder, to, format, SMALL_SHARDS, ConversionListener.NONE);
  }

  private static ModelFolder open(Path path) {
    return ModelFolder.open(path, OptionalInt.empty());
  }

  private static float[] floats(Backend backend, ParameterSpec spec) {
    float[] values = new float[Math.toIntExact(spec.elements())];
    backend.download(spec.name(), MemorySegment.ofArray(values));
    return values;
  }

  @ParameterizedTest
  @MethodSource("models")
  void exportedValuesComeBackToTheBit(ModelConfig config) throws IOException {
    SavedModel saved = new SavedModel(folder.resolve("run"), config);
    for (WeightFormat format : List.of(WeightFormat.FP32, WeightFormat.BF16)) {
      Path out = folder.resolve(format.name());
      assertThat(export(saved, out, format).shards()).isGreaterThan(1);
      try (ModelFolder read = open(out);
          HostBackend backend = new HostBackend()) {
        assertThat(read.format()).isEqualTo(format);
        assertThat(read.endOfText()).isZero();
        assertThat(read.tokenizer()).isPresent();
        ModelConfig m = read.model();
        assertThat(m.attention()).isEqualTo(config.attention());
        assertThat(m.mtpDepth()).isEqualTo(config.mtpDepth());
        assertThat(m.tieEmbeddings()).isEqualTo(config.tieEmbeddings());
        assertThat(m.rmsNormEps()).isEqualTo(config.rmsNormEps());
        assertThat(ModelLayout.of(m).parameterCount())
            .isEqualTo(ModelLayout.of(config).parameterCount());
        read.load(backend);
        for (ParameterSpec spec : ModelLayout.of(config).tensors().toList()) {
          float[] expected = saved.values.get(spec.name()).clone();
          if (format == WeightFormat.BF16 && spec.trained()) {
            for (int i = 0; i < expected.length; i++) {
              expected[i] = Bf16.round(expected[i]);
            }
          }
          assertThat(floats(backend, spec)).as(spec.name()).isEqualTo(expected);
        }
      }
    }
  }

  /** Models whose networks are dense. */
  static Stream<ModelConfig> denseModels() {
    return models().filter(m -> m.feedForward() instanceof FeedForwardConfig.Dense);
  }

  @ParameterizedTest
  @MethodSource("denseModels")
  void codesAndScalesOfAnFp8FolderAreThoseThatDecodingReads(ModelConfig config) throws IOException {
    SavedModel saved = new SavedModel(folder.resolve("run"), config);
    Path out = folder.resolve("fp8");
    ConversionResult result = export(saved, out, WeightFormat.FP8);
    assertThat(result.converted()).isNotEmpty();
    PrecisionTable precision = PrecisionTable.of(WeightFormat.FP8.recipe());
    try (ModelFolder read = open(out);
        CheckpointFolder files = CheckpointFolder.open(out);
        HostBackend backend = new HostBackend();
        HostBackend own = saved.backend()) {
      read.load(backend);
      new Generator(backend, config, precision, 20);
      read.loadCodes(backend);
      new Generator(own, config, precision, 20);
      int compared = 0;
      for (ParameterSpec spec : ModelLayout.of(config).parameters()) {
        if (InferenceWeights.isBlockLinear(spec.name()) && !spec.stacked()) {
          byte[] codes = new byte[Math.toIntExact(spec.elements())];
          byte[] trained = new byte[codes.length];
          backend.download(Linear.codesName(spec.name()), MemorySegment.ofArray(codes));
          own.download(Linear.codesName(spec.name()), MemorySegment.ofArray(trained));
          // Rows of q_proj and k_proj may lie in another order, but within their block of scales.
          assertThat(codes).as(spec.name()).isEqualTo(trained);
          float[] scales =
              new float
                  [files.info(spec.name() + "_scale_inv").shape().stream()
                      .mapToInt(Long::intValue)
                      .reduce(1, (a, b) -> a * b)];
          backend.download(Linear.scalesName(spec.name()), MemorySegment.ofArray(scales));
          assertThat(scales)
              .isEqualTo(
                  files
                      .bytes(spec.name() + "_scale_inv")
                      .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
          compared++;
        }
      }
      assertThat(compared).isGreaterThan(7);
    }
    try (CheckpointFolder files = CheckpointFolder.open(out)) {
      long fp8 =
          files.tensorNames().stream()
              .filter(n -> files.info(n).dtype() == SafetensorsDType.F8_E4M3)
              .count();
      assertThat(fp8).isEqualTo(result.converted().size());
      assertThat(files.has("model.layers.2.shared_head.head.weight"))
          .isEqualTo(config.mtpDepth() > 0);
    }
  }

  @Test
  void anExportedModelWritesWhatTheTrainedOneWrites() throws IOException {
    for (ModelConfig config : denseModels().toList()) {
      SavedModel saved = new SavedModel(folder.resolve("run" + config.mtpDepth()), config);
      Path out = folder.resolve("out" + config.attention().heads() + config.mtpDepth());
      export(saved, out, WeightFormat.FP32);
      PrecisionTable precision = PrecisionTable.of(WeightFormat.FP32.recipe());
      GenerateOptions options = GenerateOptions.greedy(30, config.mtpDepth());
      try (ModelFolder read = open(out);
          HostBackend backend = new HostBackend();
          HostBackend own = saved.backend()) {
        read.load(backend);
        Generator a = new Generator(backend, read.model(), precision, 40);
        Generator b = new Generator(own, config, precision, 40);
        assertThat(a.generate(new int[] {1, 2, 3}, options).tokens())
            .isEqualTo(b.generate(new int[] {1, 2, 3}, options).tokens());
      }
    }
  }

  @Test
  void aKilledExportIsAbsentAndTheNextGoesOn() throws IOException {
    SavedModel saved = new SavedModel(folder.resolve("run"), TestModels.small(1, false));
    Path out = folder.resolve("out");
    ConversionListener killer =
        new ConversionListener() {
          private int shards;

          @Override
          public void shard(String name, boolean kept) {
            if (++shards == 3) {
              throw new IllegalStateException("killed");
            }
          }
        };
    assertThatThrownBy(
            () ->
                ExportModel.run(
                    HostPool.shared(), saved.folder, out, WeightFormat.FP32, SMALL_SHARDS, killer))
        .hasMessage("killed");
    assertThat(out).doesNotExist();
    ConversionResult result = export(saved, out, WeightFormat.FP32);
    assertThat(result.resumed()).isEqualTo(2);
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(p -> p.getFileName().toString())).containsExactlyInAnyOrder("run", "out");
    }
    open(out).close();
    assertThatThrownBy(() -> export(saved, out, WeightFormat.FP32))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("exists already");
    assertThatThrownBy(
            () ->
                ExportModel.run(
                    HostPool.shared(),
                    out,
                    folder.resolve("again"),
                    WeightFormat.FP8,
                    SMALL_SHARDS,
                    ConversionListener.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("found an exported model");
  }

  @Test
  void theTrunkAloneIsReadWhenAskedFor() throws IOException {
    SavedModel saved = new SavedModel(folder.resolve("run"), TestModels.small(2, false));
    Path out = folder.resolve("out");
    export(saved, out, WeightFormat.BF16);
    try (ModelFolder trunk = ModelFolder.open(out, OptionalInt.of(0))) {
      assertThat(trunk.model().mtpDepth()).isZero();
    }
    assertThatThrownBy(() -> ModelFolder.open(out, OptionalInt.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("num_nextn_predict_layers: expected the 1 MTP modules")
        .hasMessageContaining("found 2");
  }

  @Test
  void rowsOfRotaryHeadsAreReorderedAndBack() {
    ModelConfig config =
        TestModels.withAttention(
            TestModels.small(0, true), new AttentionConfig.GroupedQuery(2, 1, 4));
    RopeOrder order = RopeOrder.of(config, true, "model.layers.0.self_attn.q_proj.weight");
    int[] fileRows = new int[8];
    Arrays.setAll(fileRows, order::fileRow);
    assertThat(fileRows).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
    assertThat(RopeOrder.of(config, true, "model.layers.0.self_attn.v_proj.weight")).isNull();
    assertThat(RopeOrder.of(config, false, "model.layers.0.self_attn.q_proj.weight")).isNull();
    assertThat(order.keepsBlocks(128)).isTrue();
  }
}
