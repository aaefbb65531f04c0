package org.foretoken.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.Scaling;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.TensorInfo;
import org.foretoken.model.convert.ExponentHistogram;
import org.foretoken.model.convert.LinearWeights;
import org.foretoken.model.convert.RecipeCost;
import org.foretoken.model.convert.RecipeCost.Weight;

/** What {@code inspect} finds out, measured on whole tensors spread evenly over the checkpoint. */
final class Inspection implements AutoCloseable {
  private final List<SafetensorsFile> files;
  private final AutoCloseable owner;
  private final List<TensorInfo> tensors = new ArrayList<>();
  private final List<Weight> countable = new ArrayList<>();
  private final List<Weight> linear = new ArrayList<>();
  private final Map<SafetensorsDType, Long> bytesByType = new EnumMap<>(SafetensorsDType.class);
  private final ExponentHistogram exponents = new ExponentHistogram();
  private final List<Weight> sampled;
  private final List<Weight> measured;
  private final List<RecipeCost> recipes;

  private Inspection(List<SafetensorsFile> files, AutoCloseable owner, long sample) {
    this.files = files;
    this.owner = owner;
    for (SafetensorsFile file : files) {
      for (TensorInfo info : file.tensors()) {
        add(file, info);
      }
    }
    HostPool pool = HostPool.shared();
    sampled = spread(countable, sample);
    sampled.forEach(tensor -> exponents.add(pool, tensor.info(), tensor.bytes()));
    measured = spread(linear, sample);
    recipes =
        linear.isEmpty()
            ? List.of()
            : QuantizationRecipes.ALL.stream()
                .filter(recipe -> recipe.scaling() instanceof Scaling.Online)
                .map(recipe -> RecipeCost.measure(pool, recipe, linear, measured))
                .toList();
  }

  /**
   * Looks at a file or folder.
   *
   * @param sample values to measure on, about
   */
  static Inspection of(Path path, long sample) {
    if (Files.isDirectory(path)) {
      CheckpointFolder folder = CheckpointFolder.open(path);
      return opened(List.copyOf(folder.shards().values()), folder, sample);
    }
    if (!Files.exists(path)) {
      throw new InputException("'" + path + "': no such file or folder");
    }
    SafetensorsFile file = SafetensorsFile.open(path);
    return opened(List.of(file), file, sample);
  }

  private static Inspection opened(List<SafetensorsFile> files, AutoCloseable owner, long sample) {
    boolean done = false;
    try {
      Inspection inspection = new Inspection(files, owner, sample);
      done = true;
      return inspection;
    } finally {
      if (!done) {
        close(owner);
      }
    }
  }

  private void add(SafetensorsFile file, TensorInfo info) {
    tensors.add(info);
    bytesByType.merge(info.dtype(), info.bytes(), Long::sum);
    Weight weight =
        new Weight(
            "'" + file.path() + "' tensor '" + info.name() + "'", info, file.bytes(info.name()));
    if (ExponentHistogram.supports(info.dtype()) && info.elements() > 0) {
      countable.add(weight);
    }
    boolean fits = info.shape().stream().allMatch(extent -> extent <= Integer.MAX_VALUE);
    if (fits && LinearWeights.BY_NAME.decide(info) == LinearWeights.Decision.QUANTIZE) {
      linear.add(weight);
    }
  }

  /**
   * As many of the tensors, at even distances, as have about {@code values} values; at least one.
   */
  private static List<Weight> spread(List<Weight> all, long values) {
    if (all.isEmpty()) {
      return all;
    }
    long total = all.stream().mapToLong(weight -> weight.info().elements()).sum();
    int count = (int) Math.clamp(Math.round((double) all.size() * values / total), 1, all.size());
    List<Weight> chosen = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      chosen.add(all.get((int) ((long) i * all.size() / count)));
    }
    return chosen;
  }

  int files() {
    return files.size();
  }

  List<TensorInfo> tensors() {
    return tensors;
  }

  Map<SafetensorsDType, Long> bytesByType() {
    return bytesByType;
  }

  long elements() {
    return tensors.stream().mapToLong(TensorInfo::elements).sum();
  }

  Map<String, String> metadata() {
    Map<String, String> all = new TreeMap<>();
    files.forEach(file -> all.putAll(file.metadata()));
    return all;
  }

  ExponentHistogram exponents() {
    return exponents;
  }

  /** Tensors whose exponents were counted. */
  int sampled() {
    return sampled.size();
  }

  /** Tensors whose exponents could be counted. */
  int countable() {
    return countable.size();
  }

  /** Weights that a recipe would quantize. */
  int linearWeights() {
    return linear.size();
  }

  long linearBytes() {
    return linear.stream().mapToLong(weight -> weight.info().bytes()).sum();
  }

  /** Weights whose errors were measured. */
  int measuredWeights() {
    return measured.size();
  }

  List<RecipeCost> recipes() {
    return recipes;
  }

  @Override
  public void close() {
    close(owner);
  }

  private static void close(AutoCloseable owner) {
    try {
      owner.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
