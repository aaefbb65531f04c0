package org.foretoken.model.convert;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.foretoken.model.checkpoint.TensorInfo;

/**
 * Makes a BF16 or FP32 checkpoint from a quantized one: value = code * scale, rounded to nearest
 * even for BF16. Tensors that have no scales stay as they are, in the type they have.
 */
public final class DequantizeCheckpoint {
  private static final List<String> TYPE_KEYS = List.of("torch_dtype", "dtype");

  private DequantizeCheckpoint() {}

  /**
   * Converts a folder.
   *
   * @param input folder of the weights, as {@link FileRecipe} has them
   * @param output folder to be made; finished shards of an interrupted run are kept
   * @param to BF16 or F32
   * @throws InputException naming file and tensor if the input cannot be converted; nothing is left
   *     behind
   * @throws ConversionException if the output cannot be written; there is no output
   */
  public static ConversionResult run(
      HostPool pool, Path input, Path output, SafetensorsDType to, ConversionListener listener) {
    if (to != SafetensorsDType.BF16 && to != SafetensorsDType.F32) {
      throw new InputException("dequantize: expected to BF16 or F32, found " + to);
    }
    try (CheckpointFolder folder = CheckpointFolder.open(input)) {
      JsonNode config =
          folder
              .config()
              .<JsonNode>map(c -> c.path(FileRecipe.CONFIG_KEY))
              .orElse(MissingNode.getInstance());
      String where = "'" + input.resolve(CheckpointFolder.CONFIG) + "' " + FileRecipe.CONFIG_KEY;
      FileRecipe file = FileRecipe.read(where, config);
      if (folder.tensorNames().stream().noneMatch(name -> isScaleOfAWeight(folder, name))) {
        throw new InputException(
            "checkpoint '"
                + input
                + "': expected weights with scales (NAME and NAME"
                + FileRecipe.SCALE_SUFFIX
                + "), found none among its "
                + folder.tensorNames().size()
                + " tensors; it is not quantized");
      }
      try (WeightDequantizer dequantizer =
          new WeightDequantizer(pool, file, to, listener::advance)) {
        Plan plan = new Plan(folder, file, to, dequantizer, listener::advance, new ArrayList<>());
        return Conversion.run(folder, output, plan, listener);
      }
    }
  }

  private static boolean isScaleOfAWeight(CheckpointFolder folder, String name) {
    String suffix = FileRecipe.SCALE_SUFFIX;
    return name.endsWith(suffix) && folder.has(name.substring(0, name.length() - suffix.length()));
  }

  private record Plan(
      CheckpointFolder folder,
      FileRecipe file,
      SafetensorsDType to,
      WeightDequantizer dequantizer,
      LongConsumer progress,
      List<String> converted)
      implements Conversion.Plan {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    @Override
    public ObjectNode settings() {
      ObjectNode settings = MAPPER.createObjectNode();
      settings.put("kind", "dequantize");
      settings.put("to", to.name());
      return settings;
    }

    @Override
    public List<Entry> entries(String shard, SafetensorsFile from, List<TensorReport> reports) {
      List<Entry> entries = new ArrayList<>();
      for (TensorInfo tensor : from.tensors()) {
        String name = tensor.name();
        String where = "'" + from.path() + "' tensor '" + name + "'";
        String scales = name + FileRecipe.SCALE_SUFFIX;
        if (isScaleOfAWeight(folder, name)) {
          continue; // its bytes count when the weight is made
        }
        if (folder.has(scales)) {
          converted.add(name);
          entries.add(
              dequantizer.entry(
                  where, tensor, from.bytes(name), folder.info(scales), folder.bytes(scales)));
        } else if (tensor.dtype() == file.codes() && file.codes() != SafetensorsDType.I8) {
          throw new InputException(
              where
                  + ": holds "
                  + tensor.dtype()
                  + " codes, and there are no scales '"
                  + scales
                  + "'");
        } else {
          entries.add(Conversion.copy(tensor, from.bytes(name), progress));
        }
      }
      return entries;
    }

    @Override
    public ObjectNode config(ObjectNode input) {
      input.remove(FileRecipe.CONFIG_KEY);
      for (String key : TYPE_KEYS) {
        if (input.has(key)) {
          input.put(key, to == SafetensorsDType.BF16 ? "bfloat16" : "float32");
        }
      }
      return input;
    }

    @Override
    public List<String> unknown() {
      return List.of();
    }
  }
}
