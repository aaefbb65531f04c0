package org.foretoken.cli.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.memory.KvCache;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.TrainPlan;

/**
 * What a training run keeps in memory.
 *
 * @param parameters trained values in all
 * @param trunkParameters of which the trunk, without MTP modules
 * @param momentsType element type of AdamW's moments
 * @param components parameters, gradients and moments by part of the model
 * @param otherResidentBytes other resident tensors: inputs, outputs, quantized weights
 * @param activationBytes transient memory of a step
 * @param activationBytesWithoutReuse what it would be if no two tensors shared memory
 * @param totalBytes sum of everything, without the Java heap
 * @param kvCache what decoding keeps of each token; null in runs of earlier versions
 */
public record MemoryBill(
    long parameters,
    long trunkParameters,
    String momentsType,
    List<Component> components,
    long otherResidentBytes,
    long activationBytes,
    long activationBytesWithoutReuse,
    long totalBytes,
    KvCache kvCache) {

  /**
   * A part of the model.
   *
   * @param name what it is
   * @param parameters trained values
   * @param weightBytes FP32 master weights
   * @param gradientBytes FP32 gradients
   * @param momentBytes both of AdamW's moments
   */
  public record Component(
      String name, long parameters, long weightBytes, long gradientBytes, long momentBytes) {
    /** Bytes in all. */
    public long totalBytes() {
      return weightBytes + gradientBytes + momentBytes;
    }
  }

  /** The bill of a planned run. */
  public static MemoryBill of(ModelConfig model, Recipe recipe, TrainPlan plan) {
    PrecisionTable precision = PrecisionTable.of(recipe);
    Map<String, Long> counts = new LinkedHashMap<>();
    for (ParameterSpec spec : ModelLayout.of(model).parameters()) {
      counts.merge(component(spec.name(), model), spec.elements(), Long::sum);
    }
    List<Component> components = new ArrayList<>();
    long known = 0;
    for (Map.Entry<String, Long> part : counts.entrySet()) {
      long n = part.getValue();
      Component c =
          new Component(
              part.getKey(),
              n,
              n * Float.BYTES,
              n * Float.BYTES,
              2 * n * precision.moments().bytes());
      components.add(c);
      known += c.totalBytes();
    }
    return new MemoryBill(
        plan.parameters(),
        plan.trunkParameters(),
        precision.moments().name(),
        List.copyOf(components),
        plan.residentBytes() - known,
        plan.activationBytes(),
        plan.activationBytesWithoutReuse(),
        plan.residentBytes() + plan.activationBytes(),
        KvCache.of(model));
  }

  private static String component(String parameter, ModelConfig model) {
    if (parameter.equals(ParameterNames.EMBEDDING)) {
      return model.tieEmbeddings() ? "embedding and output head (shared)" : "embedding";
    }
    if (parameter.equals(ParameterNames.HEAD)) {
      return "output head";
    }
    for (int k = 1; k <= model.mtpDepth(); k++) {
      if (parameter.startsWith(ParameterNames.block(model.layers() + k - 1))) {
        return "MTP module " + k;
      }
    }
    if (parameter.contains(".self_attn.")) {
      return "attention, " + model.layers() + " blocks";
    }
    if (parameter.contains(".mlp.experts.")) {
      return "routed experts";
    }
    if (parameter.contains(".mlp.")) {
      return "feed-forward, " + model.layers() + " blocks";
    }
    return "norms";
  }
}
