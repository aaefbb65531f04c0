package org.foretoken.fp8;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Typed access to a map from a YAML or JSON loader, with the key's path in every message. */
final class MapReader {
  private final Map<?, ?> map;
  private final String path;

  /** Takes {@code node} as a map with no other keys than {@code keys}. */
  MapReader(Object node, String path, Set<String> keys) {
    if (!(node instanceof Map<?, ?> fields)) {
      throw new InputException(path + ": expected a preset's name or a map, found '" + node + "'");
    }
    this.map = fields;
    this.path = path;
    for (Object key : fields.keySet()) {
      if (!(key instanceof String name) || !keys.contains(name)) {
        throw new InputException(
            path(String.valueOf(key))
                + ": expected one of "
                + new TreeSet<>(keys)
                + ", not this key");
      }
    }
  }

  String path(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  boolean has(String key) {
    return map.containsKey(key);
  }

  Object get(String key) {
    return map.get(key);
  }

  String text(String key, String fallback) {
    Object value = has(key) ? map.get(key) : fallback;
    if (value instanceof String text) {
      return text;
    }
    throw wrong(key, "a name", value);
  }

  boolean flag(String key, boolean fallback) {
    Object value = has(key) ? map.get(key) : fallback;
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw wrong(key, "true or false", value);
  }

  int integer(String key, int fallback) {
    Object value = has(key) ? map.get(key) : fallback;
    if (value instanceof Integer number) {
      return number;
    }
    throw wrong(key, "an integer", value);
  }

  <E extends Enum<E>> E constant(String key, Class<E> type, E fallback) {
    if (!has(key)) {
      return fallback;
    }
    String text = text(key, "").toUpperCase(Locale.ROOT).replace('-', '_');
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(text)) {
        return constant;
      }
    }
    String expected = Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT);
    throw wrong(key, "one of " + expected, map.get(key));
  }

  private InputException wrong(String key, String expected, Object found) {
    return new InputException(path(key) + ": expected " + expected + ", found '" + found + "'");
  }
}
