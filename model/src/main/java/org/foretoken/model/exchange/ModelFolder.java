package org.foretoken.model.exchange;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.checkpoint.CheckpointConfig;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.data.JsonTokenizer;
import org.foretoken.model.nn.ModelLayout;

/**
 * A folder with a whole model: {@code config.json}, safetensors in one file or in shards with an
 * index, and perhaps {@code tokenizer.json}. Everything is checked against {@code config.json} when
 * it is opened; weights are mapped, not read.
 */
public final class ModelFolder implements AutoCloseable {
  private final CheckpointFolder folder;
  private final FolderConfig config;
  private final ModelLayout layout;
  private final WeightFormat format;

  private ModelFolder(
      CheckpointFolder folder, FolderConfig config, ModelLayout layout, WeightFormat format) {
    this.folder = folder;
    this.config = config;
    this.layout = layout;
    this.format = format;
  }

  /** Whether {@code path} is such a folder, rather than a checkpoint of a training run. */
  public static boolean is(Path path) {
    Path file = path.resolve(CheckpointFolder.CONFIG);
    return Files.isRegularFile(file) && CheckpointConfig.read(file).has("model_type");
  }

  /**
   * Opens a folder and checks that it holds every tensor of its model, in its shape.
   *
   * @param mtpDepth the MTP modules that are wanted: as many as the folder has, or 0 to leave them
   *     out; empty for what the folder has
   * @throws InputException when file, tensor or key is missing, damaged or contradicts another
   */
  public static ModelFolder open(Path path, OptionalInt mtpDepth) {
    CheckpointFolder folder = CheckpointFolder.open(path);
    try {
      String where = "checkpoint '" + path.resolve(CheckpointFolder.CONFIG) + "'";
      FolderConfig config =
          FolderConfig.read(
              where,
              name(path),
              folder
                  .config()
                  .orElseThrow(
                      () ->
                          new InputException(
                              where + ": expected the model's configuration, found no such file")));
      config = withDepth(where, config, mtpDepth);
      ModelLayout layout = ModelLayout.of(config.model());
      WeightFormat format = new FolderCheck(folder, config, layout).run();
      return new ModelFolder(folder, config, layout, format);
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** The folder's name, in the characters that a model's name may have. */
  private static String name(Path path) {
    Path last = path.toAbsolutePath().normalize().getFileName();
    String name = (last == null ? "" : last.toString()).replaceAll("[^A-Za-z0-9._-]", "-");
    String start = name.replaceFirst("^[^A-Za-z0-9]+", "");
    return start.isEmpty() ? "model" : start.substring(0, Math.min(64, start.length()));
  }

  private static FolderConfig withDepth(String where, FolderConfig config, OptionalInt asked) {
    int depth = config.model().mtpDepth();
    int wanted = asked.orElse(depth);
    if (wanted != depth && wanted != 0) {
      throw new InputException(
          where
              + ": num_nextn_predict_layers: expected the "
              + wanted
              + " MTP modules that are asked for, found "
              + depth
              + "; ask for "
              + depth
              + ", or for 0 to take the trunk alone");
    }
    ModelConfig model = config.model().withMtpDepth(wanted);
    return new FolderConfig(model, config.fp8(), config.ropeHalves(), config.endOfText());
  }

  /** The model. */
  public ModelConfig model() {
    return config.model();
  }

  /** How the weights of its linear layers are held. */
  public WeightFormat format() {
    return format;
  }

  /** Token that ends a text by {@code config.json}, -1 where it names none. */
  public int endOfText() {
    return config.endOfText();
  }

  /** The folder's tokenizer, if it has one. */
  public Optional<Path> tokenizer() {
    Path file = folder.path().resolve(JsonTokenizer.FILE);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /** Uploads the values of all tensors of the model; FP8 weights are dequantized. */
  public void load(Backend backend) {
    Graph graph = new Graph("weights");
    layout.tensors().forEach(s -> graph.declare(s.name(), DType.F32, s.role(), s.shape().dims()));
    backend.compile(graph);
    try (FolderValues values = new FolderValues(folder, config)) {
      layout.tensors().forEach(spec -> backend.upload(spec.name(), values.floats(spec)));
    }
  }

  /**
   * Uploads the codes and scales of FP8 weights over those that an inference graph on {@code
   * backend} has made of the values: they are the same codes, but a scale that was divided by 448
   * again may be off by its last bit.
   *
   * <p>Left as they are: weights whose rows change their block of 128 on the way ({@link
   * RopeOrder}), and what {@code backend} holds no codes of.
   */
  public void loadCodes(Backend backend) {
    if (format == WeightFormat.FP8) {
      try (FolderValues values = new FolderValues(folder, config)) {
        layout.parameters().forEach(spec -> values.uploadCodes(spec, backend));
      }
    }
  }

  @Override
  public void close() {
    folder.close();
  }
}
