package org.foretoken.cli.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A parsed YAML value that knows where it was written. */
public sealed interface YamlNode {
  /** Where the value was written. */
  Origin origin();

  /** The value as an error message shows it. */
  String shown();

  /**
   * A place in the input.
   *
   * @param source file as the user named it, or an option such as {@code --set}
   * @param line line in the file, from 1; 0 where the source has no lines
   */
  record Origin(String source, int line) {
    @Override
    public String toString() {
      return line > 0 ? source + ":" + line : source;
    }
  }

  /**
   * A single value; its type is decided by the record component that it is bound to.
   *
   * @param quoted whether it was written in quotes, which makes it text
   */
  record Scalar(String text, boolean quoted, Origin origin) implements YamlNode {
    @Override
    public String shown() {
      String shortened = text.length() > 60 ? text.substring(0, 57) + "..." : text;
      return quoted ? "the text \"" + shortened + "\"" : text.isEmpty() ? "nothing" : shortened;
    }
  }

  /** A list. */
  record Sequence(List<YamlNode> items, Origin origin) implements YamlNode {
    @Override
    public String shown() {
      return "a list";
    }
  }

  /**
   * Keys and values in the order of the file.
   *
   * @param keys where each key was written
   */
  record Mapping(Map<String, YamlNode> values, Map<String, Origin> keys, Origin origin)
      implements YamlNode {
    @Override
    public String shown() {
      return "keys (" + String.join(", ", values.keySet()) + ")";
    }

    /**
     * This mapping with those of {@code over} on top: mappings are merged key by key, anything else
     * is replaced, and so is a mapping whose {@code kind} changes.
     */
    public Mapping overlaid(Mapping over) {
      Map<String, YamlNode> mergedValues = new LinkedHashMap<>(values);
      Map<String, Origin> mergedKeys = new LinkedHashMap<>(keys);
      over.values.forEach(
          (key, value) -> {
            boolean merge =
                values.get(key) instanceof Mapping below
                    && value instanceof Mapping above
                    && below.sameKind(above);
            mergedValues.put(
                key, merge ? ((Mapping) values.get(key)).overlaid((Mapping) value) : value);
            mergedKeys.put(key, over.keys.get(key));
          });
      return new Mapping(mergedValues, mergedKeys, over.origin);
    }

    private boolean sameKind(Mapping other) {
      YamlNode mine = values.get(YamlBinder.KIND);
      YamlNode theirs = other.values.get(YamlBinder.KIND);
      return theirs == null
          || mine instanceof Scalar a && theirs instanceof Scalar b && a.text.equals(b.text);
    }
  }
}
