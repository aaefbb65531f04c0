package org.foretoken.model.convert;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.SafetensorsWriter;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.foretoken.model.config.MtpControl;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.ByteTokenizerFile;
import org.foretoken.model.data.JsonTokenizer;
import org.foretoken.model.data.Tokenizer;
import org.foretoken.model.exchange.FolderConfig;
import org.foretoken.model.exchange.ModelFolder;
import org.foretoken.model.exchange.WeightFormat;
import org.foretoken.model.train.CheckpointStore;
import org.foretoken.model.train.TrainCheckpoint;

/**
 * Writes a trained model as a folder that other programs read: weights in shards with an index, in
 * the names of DeepSeek-V3's published weights, with {@code config.json} and {@code
 * tokenizer.json}. The MTP modules are the layers after the last, each with its copies of embedding
 * and head.
 *
 * <p>The folder is complete or absent. It is made as {@code OUT.partial}, shard by shard; the same
 * command goes on with what a killed one has finished.
 */
public final class ExportModel {
  /** Largest bytes of tensors in a shard, by default. */
  public static final long SHARD_BYTES = 5_000_000_000L;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(com.fasterxml.jackson.databind.SerializationFeature.INDENT_OUTPUT)
          .build();

  private ExportModel() {}

  /**
   * Exports the newest checkpoint of a run, or a checkpoint.
   *
   * @param input folder of a run or of a checkpoint
   * @param output folder to be made
   * @param shardBytes most bytes of tensors in a file; a tensor that is larger has a file of its
   *     own
   * @throws InputException when there is no such checkpoint, or the output exists
   * @throws ConversionException when the output cannot be written; there is no output
   */
  public static ConversionResult run(
      HostPool pool,
      Path input,
      Path output,
      WeightFormat format,
      long shardBytes,
      ConversionListener listener) {
    if (ModelFolder.is(input)) {
      throw new InputException(
          "checkpoint '"
              + input
              + "': expected the folder of a run or of its checkpoint, found an exported model;"
              + " quantize and dequantize convert it");
    }
    Path checkpoint = CheckpointStore.locate(input);
    RunConfig run = TrainCheckpoint.config(checkpoint);
    if (run.model().mtpControl() != MtpControl.NONE) {
      throw new InputException(
          "checkpoint '"
              + checkpoint
              + "': model.mtp_control: expected none, found "
              + run.model().mtpControl().name().toLowerCase(Locale.ROOT)
              + "; a model with a deliberate mistake is not for other programs");
    }
    Path target = Conversion.checkTarget(checkpoint, output);
    try (SafetensorsFile file = SafetensorsFile.open(checkpoint.resolve(CheckpointFolder.SINGLE));
        ExportTensors tensors = new ExportTensors(pool, file, run.model(), format, listener)) {
      ObjectNode settings = MAPPER.createObjectNode();
      settings.put("kind", "export");
      settings.put("format", format.name());
      settings.put("shard_bytes", Long.toString(shardBytes));
      settings.put("input", checkpoint.toRealPath().toString());
      settings.put("modified", Files.getLastModifiedTime(file.path()).toString());
      try (Staging staging = Staging.open(target, settings)) {
        try {
          List<List<Entry>> shards = shards(tensors.all(), shardBytes);
          return run(run, file, target, shards, format, tensors, listener, staging);
        } catch (InputException e) {
          staging.discard();
          throw e;
        } catch (IOException e) {
          throw Conversion.failed(staging, target, e);
        }
      }
    } catch (IOException e) {
      throw new ConversionException("output '" + target + "': " + Conversion.reason(e), e);
    }
  }

  /** Tensors in order, in files of at most so many bytes; a weight and its scales stay together. */
  private static List<List<Entry>> shards(List<List<Entry>> tensors, long bytes) {
    List<List<Entry>> shards = new ArrayList<>();
    long used = 0;
    for (List<Entry> tensor : tensors) {
      long size = tensor.stream().mapToLong(Entry::size).sum();
      if (shards.isEmpty() || used + size > bytes) {
        shards.add(new ArrayList<>());
        used = 0;
      }
      shards.getLast().addAll(tensor);
      used += size;
    }
    return shards;
  }

  private static ConversionResult run(
      RunConfig run,
      SafetensorsFile file,
      Path target,
      List<List<Entry>> shards,
      WeightFormat format,
      ExportTensors tensors,
      ConversionListener listener,
      Staging staging)
      throws IOException {
    long inputBytes = file.tensors().stream().mapToLong(t -> t.bytes()).sum();
    listener.begin(inputBytes);
    List<String> names = new ArrayList<>();
    int resumed = 0;
    for (int i = 0; i < shards.size(); i++) {
      String name = String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
      names.add(name);
      boolean kept = staging.has(name);
      listener.shard(name, kept);
      if (kept) {
        resumed++;
        continue;
      }
      Conversion.requireSpace(staging.folder(), shards.get(i));
      Path shard = staging.folder().resolve(name);
      staging.finish(
          name, SafetensorsWriter.write(shard, Map.of("format", "pt"), shards.get(i)), List.of());
    }
    int end = tokenizer(run, staging);
    ObjectNode config =
        FolderConfig.of(run.model(), format, end).write(run.train().sequenceLength());
    String type = format == WeightFormat.FP32 ? "float32" : "bfloat16";
    config.put("torch_dtype", type);
    if (format == WeightFormat.FP8) {
      FileRecipe recipe = FileRecipe.of(QuantizationRecipes.BLOCK_128X128);
      config.set(FileRecipe.CONFIG_KEY, recipe.config());
    }
    staging.write(CheckpointFolder.CONFIG, MAPPER.writeValueAsBytes(config));
    staging.write(CheckpointFolder.INDEX, Conversion.index(names, staging.folder()));
    // What was written is a whole model, or it is not published.
    ModelFolder.open(staging.folder(), OptionalInt.empty()).close();
    long bytes = 0;
    for (String name : names) {
      bytes += Files.size(staging.folder().resolve(name));
    }
    staging.publish();
    return new ConversionResult(
        target,
        names.size(),
        resumed,
        inputBytes,
        bytes,
        tensors.quantized(),
        List.of(),
        List.of());
  }

  /** Writes the tokenizer; returns the token that ends a text. */
  private static int tokenizer(RunConfig run, Staging staging) throws IOException {
    String path = run.data().tokenizer();
    try (Tokenizer tokenizer = Tokenizer.open(path)) {
      if (tokenizer instanceof JsonTokenizer json) {
        staging.write(JsonTokenizer.FILE, Files.readAllBytes(json.file()));
        Path settings = json.file().resolveSibling(JsonTokenizer.SETTINGS);
        if (Files.isRegularFile(settings)) {
          staging.write(JsonTokenizer.SETTINGS, Files.readAllBytes(settings));
        }
      } else {
        staging.write(JsonTokenizer.FILE, ByteTokenizerFile.bytes());
      }
      return tokenizer.endOfText();
    }
  }
}
