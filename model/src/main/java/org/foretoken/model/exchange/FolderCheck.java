package org.foretoken.model.exchange;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Shape;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.TensorInfo;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.ModelLayout;

/** Whether a folder's tensors are those of the model that its {@code config.json} describes. */
final class FolderCheck {
  /** What follows a weight's name in that of its scales. */
  static final String SCALES = "_scale_inv";

  private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d{1,6})\\..*");
  private static final Pattern EXPERT = Pattern.compile("(.*\\.experts)\\.(\\d+)\\..*");

  /** Tensors of old files that say nothing which {@code config.json} does not. */
  private static final String FREQUENCIES = "rotary_emb.inv_freq";

  private static final Set<SafetensorsDType> PLAIN =
      Set.of(SafetensorsDType.F32, SafetensorsDType.BF16, SafetensorsDType.F16);

  private final CheckpointFolder folder;
  private final FolderConfig config;
  private final ModelConfig model;
  private final ModelLayout layout;
  private final Map<String, Shape> expected = new LinkedHashMap<>();
  private final Map<String, String> shared;

  FolderCheck(CheckpointFolder folder, FolderConfig config, ModelLayout layout) {
    this.folder = folder;
    this.config = config;
    this.layout = layout;
    model = config.model();
    shared = SharedTensors.all(model);
    layout
        .tensors()
        .flatMap(s -> s.files().stream())
        .forEach(f -> expected.put(f.name(), f.shape()));
  }

  /** Checks everything; returns how the linear layers' weights are held. */
  WeightFormat run() {
    expected.forEach(this::requireTensor);
    WeightFormat format = format();
    shared.forEach(this::requireShared);
    folder.tensorNames().forEach(this::requireKnown);
    return format;
  }

  private void requireTensor(String name, Shape shape) {
    if (!folder.has(name)) {
      throw missing(name);
    }
    List<Long> extents = Arrays.stream(shape.dims()).mapToObj(d -> (long) d).toList();
    TensorInfo info = folder.info(name);
    if (!info.shape().equals(extents)) {
      throw bad(
          "tensor '"
              + name
              + "': expected "
              + extents
              + " by config.json, found "
              + info.shape()
              + "; correct config.json, or take the weights that belong to it");
    }
  }

  private InputException missing(String name) {
    Matcher layer = LAYER.matcher(name);
    if (layer.matches() && Integer.parseInt(layer.group(1)) >= model.layers()) {
      String prefix = "model.layers." + layer.group(1) + ".";
      if (folder.tensorNames().stream().noneMatch(t -> t.startsWith(prefix))) {
        return bad(
            "expected "
                + model.mtpDepth()
                + " MTP modules by config.json (num_nextn_predict_layers), found no tensor of "
                + prefix
                + "*; read the trunk alone with --mtp-depth 0, or get the missing shards");
      }
    }
    Matcher expert = EXPERT.matcher(name);
    if (expert.matches()) {
      String suffix = name.substring(expert.end(2));
      String prefix = expert.group(1) + ".";
      long wanted = expected.keySet().stream().filter(t -> isExpert(t, prefix, suffix)).count();
      long found = folder.tensorNames().stream().filter(t -> isExpert(t, prefix, suffix)).count();
      return bad(
          "expected "
              + wanted
              + " experts by config.json (n_routed_experts), found "
              + found
              + ": '"
              + name
              + "' is missing; get the missing shards, or correct config.json");
    }
    return bad(
        "tensor '"
            + name
            + "': expected by config.json, found no such tensor among "
            + folder.tensorNames().size()
            + "; get the missing shards, or correct config.json");
  }

  private static boolean isExpert(String tensor, String prefix, String suffix) {
    return tensor.startsWith(prefix) && tensor.endsWith(suffix);
  }

  /** All linear layers hold their weights alike, as the configuration says. */
  private WeightFormat format() {
    Map<SafetensorsDType, String> types = new EnumMap<>(SafetensorsDType.class);
    for (String name : expected.keySet()) {
      SafetensorsDType type = folder.info(name).dtype();
      if (InferenceWeights.isBlockLinear(name)) {
        types.putIfAbsent(type, name);
      } else if (!PLAIN.contains(type)) {
        throw bad("tensor '" + name + "': expected F32, BF16 or F16, found " + type);
      }
    }
    if (types.size() > 1) {
      throw bad(
          "expected one type for the weights of all linear layers, found "
              + String.join(
                  " and ",
                  types.entrySet().stream()
                      .map(e -> e.getKey() + " ('" + e.getValue() + "')")
                      .toList())
              + "; 'foretoken dequantize' makes BF16 of FP8");
    }
    SafetensorsDType type = types.keySet().iterator().next();
    boolean fp8 = type == SafetensorsDType.F8_E4M3;
    if (fp8 != config.fp8()) {
      throw bad(
          "expected the weights of linear layers in "
              + (config.fp8() ? "F8_E4M3, as quantization_config says" : "F32, BF16 or F16")
              + ", found "
              + type
              + (config.fp8() ? "" : " without quantization_config in config.json")
              + "; correct config.json");
    }
    if (!fp8 && !PLAIN.contains(type)) {
      throw bad("weights of linear layers: expected F8_E4M3, F32, BF16 or F16, found " + type);
    }
    if (fp8) {
      expected.keySet().stream()
          .filter(InferenceWeights::isBlockLinear)
          .forEach(name -> requireScales(name, expected.get(name)));
    }
    return fp8
        ? WeightFormat.FP8
        : type == SafetensorsDType.BF16 ? WeightFormat.BF16 : WeightFormat.FP32;
  }

  private void requireScales(String weight, Shape shape) {
    String name = weight + SCALES;
    Granularity block = Granularity.BLOCK_128X128;
    List<Long> extents =
        List.of((long) block.scaleRows(shape.dim(0)), (long) block.scaleColumns(shape.dim(1)));
    if (!folder.has(name)) {
      throw bad("tensor '" + name + "': expected beside its F8_E4M3 weight, found none");
    }
    TensorInfo info = folder.info(name);
    if (info.dtype() != SafetensorsDType.F32 || !info.shape().equals(extents)) {
      throw bad(
          "tensor '"
              + name
              + "': expected F32"
              + extents
              + ", found "
              + info.dtype()
              + info.shape()
              + "; scales are [ceil(out/128), ceil(in/128)]");
    }
  }

  private void requireShared(String copy, String original) {
    if (folder.has(copy)
        && (folder.info(copy).dtype() != folder.info(original).dtype()
            || folder.bytes(copy).mismatch(folder.bytes(original)) >= 0)) {
      throw bad(
          "tensor '"
              + copy
              + "': expected the bytes of '"
              + original
              + "', which it shares, found others; trunk and MTP modules have one embedding and one"
              + " head here, as DeepSeek-V3 has; read the trunk alone with --mtp-depth 0");
    }
  }

  private void requireKnown(String name) {
    if (expected.containsKey(name)
        || name.endsWith(FREQUENCIES)
        || shared.containsKey(name)
        || name.endsWith(SCALES)
            && expected.containsKey(name.substring(0, name.length() - SCALES.length()))) {
      return;
    }
    Matcher layer = LAYER.matcher(name);
    if (layer.matches()
        && Integer.parseInt(layer.group(1)) >= model.layers()
        && model.mtpDepth() == 0) {
      return; // MTP modules that were not asked for, or that config.json does not mention
    }
    throw bad(
        "tensor '"
            + name
            + "' is not of the model that config.json describes ("
            + layout.parameters().size()
            + " parameters, "
            + model.layers()
            + " layers, "
            + model.mtpDepth()
            + " MTP modules); correct config.json");
  }

  private InputException bad(String message) {
    return new InputException("checkpoint '" + folder.path() + "': " + message);
  }
}
