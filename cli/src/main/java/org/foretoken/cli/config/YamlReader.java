package org.foretoken.cli.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.cli.config.YamlNode.Mapping;
import org.foretoken.cli.config.YamlNode.Origin;
import org.foretoken.cli.config.YamlNode.Scalar;
import org.foretoken.fp8.InputException;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Reads YAML text into {@link YamlNode}s.
 *
 * <p>No object is ever constructed from a tag: SnakeYAML only composes its node graph, with limits
 * on size, nesting and aliases, and values get their types from the records they are bound to.
 */
public final class YamlReader {
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_ALIASES = 10;
  private static final int MAX_DEPTH = 20;

  private final String source;

  private YamlReader(String source) {
    this.source = source;
  }

  /** Reads a configuration file; {@code name} is what messages call it. */
  public static Mapping read(Path file, String name) {
    try {
      if (Files.isDirectory(file)) {
        throw new InputException(name + ": expected a YAML file, found a folder");
      }
      long size = Files.size(file);
      if (size > MAX_BYTES) {
        throw new InputException(
            name + ": expected a YAML file of at most 1 MiB, found " + size + " bytes");
      }
      return parse(Files.readAllBytes(file), name);
    } catch (IOException e) {
      throw new InputException(name + ": the file cannot be read (" + e.getMessage() + ")", e);
    }
  }

  /** Parses the bytes of a configuration file; at the top there have to be keys. */
  public static Mapping parse(byte[] utf8, String name) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(name + ": expected UTF-8 text, found other bytes", e);
    }
    YamlNode top = new YamlReader(name).parse(text);
    if (top instanceof Mapping mapping) {
      return mapping;
    }
    String found = top == null ? "an empty file" : top.shown();
    throw new InputException(
        name + ": expected keys such as 'preset', 'model', 'train' and 'data', found " + found);
  }

  private YamlNode parse(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(MAX_ALIASES);
    options.setNestingDepthLimit(MAX_DEPTH);
    options.setCodePointLimit(MAX_BYTES);
    Yaml yaml = new Yaml(new SafeConstructor(options));
    try {
      Node node = yaml.compose(new java.io.StringReader(text));
      return node == null || isNothing(node) ? null : convert(node, 0);
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark();
      String where = mark == null ? source : origin(mark).toString();
      throw new InputException(where + ": not valid YAML: " + e.getProblem(), e);
    } catch (YAMLException e) {
      String first = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new InputException(source + ": not valid YAML: " + first, e);
    }
  }

  private static boolean isNothing(Node node) {
    return node instanceof ScalarNode s
        && s.getScalarStyle() == ScalarStyle.PLAIN
        && s.getValue().isEmpty();
  }

  private Origin origin(Mark mark) {
    return new Origin(source, mark.getLine() + 1);
  }

  private YamlNode convert(Node node, int depth) {
    Origin origin = origin(node.getStartMark());
    if (depth > MAX_DEPTH) { // an alias that contains itself
      throw new InputException(origin + ": nested more than " + MAX_DEPTH + " deep");
    }
    if (!node.getTag().startsWith(Tag.PREFIX)) {
      throw new InputException(origin + ": unexpected tag '" + node.getTag() + "'; remove it");
    }
    return switch (node) {
      case ScalarNode s -> scalar(s, origin);
      case SequenceNode s -> {
        List<YamlNode> items = new ArrayList<>();
        for (Node item : s.getValue()) {
          items.add(convert(item, depth + 1));
        }
        yield new YamlNode.Sequence(List.copyOf(items), origin);
      }
      case MappingNode m -> mapping(m, origin, depth);
      default -> throw new InputException(origin + ": expected a value, found an alias");
    };
  }

  private static Scalar scalar(ScalarNode node, Origin origin) {
    boolean quoted = node.getScalarStyle() != ScalarStyle.PLAIN;
    boolean nothing = !quoted && node.getTag().equals(Tag.NULL);
    return new Scalar(nothing ? "" : node.getValue(), quoted, origin);
  }

  private Mapping mapping(MappingNode node, Origin origin, int depth) {
    Map<String, YamlNode> values = new LinkedHashMap<>();
    Map<String, Origin> keys = new LinkedHashMap<>();
    for (NodeTuple tuple : node.getValue()) {
      Origin at = origin(tuple.getKeyNode().getStartMark());
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw new InputException(at + ": expected a name as key, found a list or a mapping");
      }
      if (keys.containsKey(key.getValue())) {
        throw new InputException(
            at
                + ": the key '"
                + key.getValue()
                + "' stands a second time; the first is on line "
                + keys.get(key.getValue()).line());
      }
      keys.put(key.getValue(), at);
      values.put(key.getValue(), convert(tuple.getValueNode(), depth + 1));
    }
    return new Mapping(values, keys, origin);
  }

  /** The mapping that an assignment such as {@code a.b=value} stands for. */
  static Mapping setting(Configs.Setting setting) {
    String assignment = setting.assignment();
    Origin origin = new Origin(setting.option(), 0);
    int equals = assignment.indexOf('=');
    String path = equals < 0 ? assignment : assignment.substring(0, equals).strip();
    if (equals < 0 || !path.matches("\\w+(\\.\\w+)*")) {
      throw new InputException(
          origin + ": expected KEY=VALUE such as model.layers=2, found '" + assignment + "'");
    }
    String value = assignment.substring(equals + 1).strip();
    YamlNode node = new Scalar(value, false, origin);
    if (value.startsWith("{") || value.startsWith("[")) {
      node = new YamlReader(origin + " " + path).parse(value);
    }
    String[] steps = path.split("\\.");
    for (int i = steps.length - 1; i >= 0; i--) {
      node = new Mapping(Map.of(steps[i], node), Map.of(steps[i], origin), origin);
    }
    return (Mapping) node;
  }
}
