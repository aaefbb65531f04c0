package org.foretoken.model.convert;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.foretoken.model.checkpoint.TensorInfo;

/**
 * Makes a quantized checkpoint from one in F32, BF16 or F16: the weights of its linear layers by a
 * recipe, all else as it is.
 *
 * <p>Needs less than 512 MiB of heap and off-heap memory beside the mapped files, whatever the size
 * of the checkpoint: 315 MiB at the peak, the JVM's own included, for 3.7 GiB of BF16 in 9 shards.
 */
public final class QuantizeCheckpoint {
  private QuantizeCheckpoint() {}

  /**
   * Converts a folder.
   *
   * @param input folder of the weights
   * @param output folder to be made; finished shards of an interrupted run are kept
   * @param recipe how weights become codes and scales; {@link FileRecipe} says which fit
   * @param weights which tensors are converted
   * @param report whether the errors are measured
   * @throws InputException naming file, tensor and index if the input cannot be converted; nothing
   *     is left behind
   * @throws ConversionException if the output cannot be written; there is no output
   */
  public static ConversionResult run(
      HostPool pool,
      Path input,
      Path output,
      QuantizationRecipe recipe,
      LinearWeights weights,
      boolean report,
      ConversionListener listener) {
    FileRecipe file = FileRecipe.of(recipe);
    try (CheckpointFolder folder = CheckpointFolder.open(input);
        WeightQuantizer quantizer = new WeightQuantizer(pool, file, listener::advance)) {
      refuseQuantized(folder);
      refuseNothing(folder, weights);
      Plan plan = new Plan(file, weights, report, quantizer, listener::advance);
      return Conversion.run(folder, output, plan, listener);
    }
  }

  private static void refuseQuantized(CheckpointFolder folder) {
    boolean says = folder.config().map(config -> config.has(FileRecipe.CONFIG_KEY)).orElse(false);
    String scales =
        folder.tensorNames().stream()
            .filter(name -> name.endsWith(FileRecipe.SCALE_SUFFIX))
            .findFirst()
            .orElse(null);
    if (says || scales != null) {
      throw new InputException(
          "checkpoint '"
              + folder.path()
              + "': expected weights that are not quantized, found "
              + (says ? FileRecipe.CONFIG_KEY + " in config.json" : "tensor '" + scales + "'")
              + "; dequantize it first");
    }
  }

  private static void refuseNothing(CheckpointFolder folder, LinearWeights weights) {
    boolean any =
        folder.shards().values().stream()
            .flatMap(shard -> shard.tensors().stream())
            .anyMatch(tensor -> weights.decide(tensor) == LinearWeights.Decision.QUANTIZE);
    if (!any) {
      throw new InputException(
          "checkpoint '"
              + folder.path()
              + "': expected weights of linear layers (matrices in F32, BF16 or F16 named"
              + " *_proj.weight), found none among its "
              + folder.tensorNames().size()
              + " tensors; name them with --include");
    }
  }

  private record Plan(
      FileRecipe file,
      LinearWeights weights,
      boolean report,
      WeightQuantizer quantizer,
      LongConsumer progress,
      List<String> converted,
      List<String> unknown)
      implements Conversion.Plan {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    Plan(
        FileRecipe file,
        LinearWeights weights,
        boolean report,
        WeightQuantizer quantizer,
        LongConsumer progress) {
      this(file, weights, report, quantizer, progress, new ArrayList<>(), new ArrayList<>());
    }

    @Override
    public ObjectNode settings() {
      ObjectNode settings = MAPPER.createObjectNode();
      settings.put("kind", "quantize");
      settings.set("recipe", MAPPER.valueToTree(file.recipe().toMap()));
      settings.put("include", String.valueOf(weights.include()));
      settings.put("exclude", String.valueOf(weights.exclude()));
      settings.put("report", report);
      return settings;
    }

    @Override
    public List<Entry> entries(String shard, SafetensorsFile from, List<TensorReport> reports) {
      List<Entry> entries = new ArrayList<>();
      for (TensorInfo tensor : from.tensors()) {
        LinearWeights.Decision decision = weights.decide(tensor);
        if (decision == LinearWeights.Decision.QUANTIZE && quantizer.fits(tensor)) {
          converted.add(tensor.name());
          entries.addAll(
              quantizer.entries(
                  "'" + from.path() + "' tensor '" + tensor.name() + "'",
                  tensor,
                  from.bytes(tensor.name()),
                  !report
                      ? null
                      : statistics ->
                          reports.add(
                              TensorReport.of(
                                  tensor.name(),
                                  shard,
                                  tensor.shape().get(0),
                                  tensor.shape().get(1),
                                  statistics))));
        } else {
          if (decision == LinearWeights.Decision.KEEP_UNKNOWN) {
            unknown.add(tensor.name());
          }
          entries.add(Conversion.copy(tensor, from.bytes(tensor.name()), progress));
        }
      }
      return entries;
    }

    @Override
    public ObjectNode config(ObjectNode input) {
      input.set(FileRecipe.CONFIG_KEY, file.config());
      return input;
    }
  }
}
