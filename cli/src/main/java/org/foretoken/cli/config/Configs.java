package org.foretoken.cli.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.cli.config.YamlNode.Mapping;
import org.foretoken.cli.config.YamlNode.Origin;
import org.foretoken.cli.config.YamlNode.Scalar;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.ConfigRules;
import org.foretoken.model.config.RunConfig;

/** From what the user wrote to a valid {@link RunConfig}. */
public final class Configs {
  private static final String PRESET = "preset";
  private static final int MAX_CHAIN = 4;

  /**
   * A value given on the command line.
   *
   * @param option the option it came with, for messages
   * @param assignment path and value, such as {@code model.layers=2}
   */
  public record Setting(String option, String assignment) {
    /** What {@code --set} was given. */
    public static Setting of(String assignment) {
      return new Setting("--set", assignment);
    }

    /** The value of an option of its own. */
    public static Setting of(String option, String path, String value) {
      return new Setting(option, path + "=" + value);
    }
  }

  private Configs() {}

  /**
   * The configuration of a run: a preset, on top of it a file's keys, on top of them the settings.
   *
   * @param fileOrPreset a YAML file, or the name of a preset
   * @param settings values that win over the file's, later ones over earlier ones
   * @throws InputException when anything is wrong: file, line and path, expected and found
   */
  public static RunConfig load(String fileOrPreset, List<Setting> settings) {
    return finish(resolved(open(fileOrPreset), fileOrPreset, 0), settings);
  }

  /**
   * The configuration that a part of another file describes, in the keys of a configuration file.
   *
   * @param source the file, for messages
   */
  public static RunConfig of(Mapping part, String source) {
    return finish(resolved(part, source, 0), List.of());
  }

  /**
   * The keys of a part of another file on top of the preset that it names, as {@link #of} reads
   * them: a whole configuration, which is valid.
   *
   * @param source the file, for messages
   */
  public static Mapping complete(Mapping part, String source) {
    Mapping tree = resolved(part, source, 0);
    finish(tree, List.of());
    return tree;
  }

  /**
   * A known configuration with settings on top.
   *
   * @param source where it comes from, for messages
   */
  public static RunConfig change(RunConfig config, String source, List<Setting> settings) {
    byte[] yaml = YamlWriter.write(config).getBytes(StandardCharsets.UTF_8);
    return finish(YamlReader.parse(yaml, source), settings);
  }

  private static RunConfig finish(Mapping base, List<Setting> settings) {
    Mapping tree = base;
    for (Setting setting : settings) {
      tree = tree.overlaid(YamlReader.setting(setting));
    }
    return checked(YamlBinder.bind(RunConfig.class, tree), tree);
  }

  private static Mapping open(String fileOrPreset) {
    Path file = Path.of(fileOrPreset);
    if (Files.exists(file) && !Files.isDirectory(file)) {
      return YamlReader.read(file, fileOrPreset);
    }
    List<String> presets = Presets.names();
    if (presets.contains(fileOrPreset)) {
      return Presets.read(fileOrPreset, fileOrPreset);
    }
    if (Files.isDirectory(file)) {
      return YamlReader.read(file, fileOrPreset); // says that it is a folder
    }
    throw new InputException(
        fileOrPreset
            + ": no such file, and no preset of that name (presets: "
            + String.join(", ", presets)
            + ")"
            + DidYouMean.hint(fileOrPreset, presets));
  }

  private static Mapping resolved(Mapping tree, String name, int depth) {
    YamlNode preset = tree.values().get(PRESET);
    if (preset == null) {
      boolean complete =
          tree.values().keySet().containsAll(List.of("name", "model", "train", "data"));
      return complete || depth > 0
          ? tree
          : resolved(Presets.read(Presets.DEFAULT, name), name, depth + 1).overlaid(tree);
    }
    if (!(preset instanceof Scalar scalar)) {
      throw new InputException(
          preset.origin() + ": preset: expected a name, found " + preset.shown());
    }
    if (depth >= MAX_CHAIN) {
      throw new InputException(
          preset.origin()
              + ": preset: presets that extend each other more than "
              + MAX_CHAIN
              + " deep");
    }
    Mapping below = Presets.read(scalar.text(), preset.origin().toString());
    return resolved(below, scalar.text(), depth + 1).overlaid(without(tree, PRESET));
  }

  private static Mapping without(Mapping tree, String key) {
    Map<String, YamlNode> values = new LinkedHashMap<>(tree.values());
    Map<String, Origin> keys = new LinkedHashMap<>(tree.keys());
    values.remove(key);
    keys.remove(key);
    return new Mapping(values, keys, tree.origin());
  }

  private static RunConfig checked(RunConfig config, Mapping tree) {
    List<ConfigRules.Violation> violations = ConfigRules.violations(config);
    if (!violations.isEmpty()) {
      ConfigRules.Violation first = violations.getFirst();
      throw new InputException(originOf(first.path(), tree) + ": " + first.message());
    }
    return config;
  }

  private static Origin originOf(String path, YamlNode tree) {
    YamlNode node = tree;
    for (String step : path.split("\\.")) {
      if (!(node instanceof Mapping mapping) || mapping.values().get(step) == null) {
        break;
      }
      node = mapping.values().get(step);
    }
    return node.origin();
  }
}
