package org.foretoken.cli.graph;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.foretoken.cli.config.Configs;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.cli.config.YamlBinder;
import org.foretoken.cli.config.YamlNode;
import org.foretoken.cli.config.YamlNode.Mapping;
import org.foretoken.cli.config.YamlReader;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.model.config.RunConfig;

/**
 * Reads a task graph from YAML: either {@code tensors} and {@code operations}, or {@code layers}
 * and {@code config}; see docs/GRAPHS.md. Every mistake is an {@link InputException} with file,
 * line and YAML path.
 */
public final class GraphFile {
  private static final List<String> KEYS =
      List.of("name", "tensors", "operations", "outputs", "layers", "config");

  /** What the model's builders shall make. */
  public record Layers(LayerGraphs.Kind layers) {}

  /** The names in {@code outputs}. */
  public record Outputs(Optional<List<String>> outputs) {}

  /** The graph's name. */
  public record Name(String name) {}

  private GraphFile() {}

  /**
   * Loads a graph.
   *
   * @param fileOrName a YAML file, or the name of one in {@code configs/graphs}
   */
  public static GraphProgram load(String fileOrName) {
    Path file = locate(fileOrName);
    Mapping tree = YamlReader.read(file, fileOrName);
    for (String key : tree.values().keySet()) {
      if (!KEYS.contains(key)) {
        String hint = DidYouMean.hint(key, KEYS);
        String way = hint.isEmpty() ? "; known keys: " + String.join(", ", KEYS) : hint;
        throw new InputException(tree.keys().get(key) + ": " + key + ": unknown key" + way);
      }
    }
    String name = YamlBinder.bind(Name.class, only(tree, "name"), "").name();
    List<String> outputs =
        YamlBinder.bind(Outputs.class, only(tree, "outputs"), "").outputs().orElse(List.of());
    if (!tree.values().containsKey("layers")) {
      forbid(tree, "config", "layers");
      Path folder = file.toAbsolutePath().getParent();
      return new OperationGraph(tree, name, outputs, folder).build();
    }
    forbid(tree, "tensors", "operations");
    forbid(tree, "operations", "tensors");
    return layers(tree, name, outputs, fileOrName);
  }

  private static GraphProgram layers(
      Mapping tree, String name, List<String> outputs, String source) {
    YamlNode node = tree.values().get("layers");
    LayerGraphs.Kind kind = YamlBinder.bind(Layers.class, only(tree, "layers"), "").layers();
    YamlNode config = tree.values().get("config");
    if (!(config instanceof Mapping part)) {
      throw new InputException(
          (config == null ? tree : config).origin()
              + ": config: expected the keys of a configuration file, such as model and train, found "
              + (config == null ? "nothing" : config.shown()));
    }
    RunConfig run = Configs.of(part, source);
    if (kind == LayerGraphs.Kind.MTP_MODULE && run.model().mtpDepth() == 0) {
      throw new InputException(
          node.origin()
              + ": layers: expected config.model.mtp_depth of at least 1 for an mtp_module, found 0");
    }
    try {
      return LayerGraphs.of(name, kind, run, outputs);
    } catch (GraphException e) {
      YamlNode at = tree.values().getOrDefault("outputs", node);
      throw new InputException(at.origin() + ": " + e.getMessage(), e);
    }
  }

  private static void forbid(Mapping tree, String key, String other) {
    if (tree.values().containsKey(key)) {
      boolean layers = tree.values().containsKey("layers");
      throw new InputException(
          tree.keys().get(key)
              + ": "
              + key
              + ": expected "
              + (layers ? "none beside 'layers'" : "it beside '" + other + "'")
              + "; a graph has tensors and operations, or layers and config");
    }
  }

  /** The mapping with one key at most. */
  private static Mapping only(Mapping tree, String key) {
    YamlNode value = tree.values().get(key);
    return value == null
        ? new Mapping(Map.of(), Map.of(), tree.origin())
        : new Mapping(Map.of(key, value), Map.of(key, tree.keys().get(key)), tree.origin());
  }

  private static Path locate(String fileOrName) {
    Path file = Path.of(fileOrName);
    if (Files.exists(file)) {
      return file;
    }
    List<String> names = names();
    Optional<Path> folder = folder();
    if (folder.isPresent() && names.contains(fileOrName)) {
      return folder.get().resolve(fileOrName + ".yaml");
    }
    throw new InputException(
        fileOrName
            + ": no such file, and no graph of that name in configs/graphs"
            + (names.isEmpty() ? "" : " (graphs: " + String.join(", ", names) + ")")
            + DidYouMean.hint(fileOrName, names));
  }

  /** Names of the graphs that come with the program. */
  static List<String> names() {
    if (folder().isEmpty()) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder().get())) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.endsWith(".yaml"))
          .map(n -> n.substring(0, n.length() - ".yaml".length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Path> folder() {
    String home = System.getProperty("foretoken.home");
    return Optional.ofNullable(home)
        .map(h -> Path.of(h, "configs", "graphs"))
        .filter(Files::isDirectory);
  }
}
