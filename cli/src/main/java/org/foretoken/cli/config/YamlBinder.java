package org.foretoken.cli.config;

import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.foretoken.cli.config.YamlNode.Mapping;
import org.foretoken.cli.config.YamlNode.Origin;
import org.foretoken.cli.config.YamlNode.Scalar;
import org.foretoken.cli.config.YamlNode.Sequence;
import org.foretoken.fp8.InputException;

/**
 * Binds YAML to records.
 *
 * <p>A record's keys are its components in snake case, required unless they are {@link Optional};
 * an enum is written in lower case; a sealed interface is chosen by the key {@code kind}, the
 * snake-case name of one of its records. Everything that does not fit is an {@link InputException}
 * that names file, line and path, what was expected and what was found.
 */
public final class YamlBinder {
  /** The key that chooses between the records of a sealed interface. */
  static final String KIND = "kind";

  private YamlBinder() {}

  /** Binds {@code node} to a record class. */
  public static <T extends Record> T bind(Class<T> type, Mapping node) {
    return type.cast(value(type, node, ""));
  }

  /** Binds a part of a file to a record class; {@code path} is where in the file it stands. */
  public static <T extends Record> T bind(Class<T> type, YamlNode node, String path) {
    return type.cast(value(type, node, path));
  }

  private static Object value(Type type, YamlNode node, String path) {
    if (type instanceof ParameterizedType p && p.getRawType() == List.class) {
      return list(p.getActualTypeArguments()[0], node, path);
    }
    if (type instanceof ParameterizedType p && p.getRawType() == Optional.class) {
      return Optional.of(value(p.getActualTypeArguments()[0], node, path));
    }
    Class<?> raw = (Class<?>) type;
    if (raw.isRecord()) {
      return record(raw, mapping(raw, node, path), path);
    }
    if (raw.isSealed()) {
      return variant(raw, node, path);
    }
    if (!(node instanceof Scalar scalar)) {
      throw wrong(node.origin(), path, expected(raw), node.shown());
    }
    return scalar(MethodType.methodType(raw).unwrap().returnType(), scalar, path);
  }

  private static List<Object> list(Type element, YamlNode node, String path) {
    if (!(node instanceof Sequence sequence)) {
      throw wrong(node.origin(), path, "a list", node.shown());
    }
    List<Object> items = new ArrayList<>();
    for (int i = 0; i < sequence.items().size(); i++) {
      items.add(value(element, sequence.items().get(i), path + "[" + i + "]"));
    }
    return List.copyOf(items);
  }

  private static Mapping mapping(Class<?> type, YamlNode node, String path) {
    if (node instanceof Mapping mapping) {
      return mapping;
    }
    String keys =
        type.isRecord()
            ? keys(type).stream().map(k -> "'" + k + "'").collect(Collectors.joining(", "))
            : "'" + KIND + "' and what belongs to it";
    throw wrong(node.origin(), path, "the keys " + keys, node.shown());
  }

  private static List<String> keys(Class<?> record) {
    return Arrays.stream(record.getRecordComponents())
        .map(c -> Names.snakeCase(c.getName()))
        .toList();
  }

  private static Object variant(Class<?> sealed, YamlNode node, String path) {
    Mapping mapping = mapping(sealed, node, path);
    List<Class<?>> variants =
        Arrays.stream(sealed.getPermittedSubclasses()).filter(Class::isRecord).toList();
    List<String> names = variants.stream().map(v -> Names.snakeCase(v.getSimpleName())).toList();
    YamlNode kind = mapping.values().get(KIND);
    String kindPath = join(path, KIND);
    if (kind == null) {
      throw new InputException(
          mapping.origin() + ": " + kindPath + ": missing; expected " + oneOf(names));
    }
    String name = kind instanceof Scalar s ? s.text() : "";
    int chosen = names.indexOf(name);
    if (chosen < 0) {
      throw wrong(
          kind.origin(), kindPath, oneOf(names), kind.shown() + DidYouMean.hint(name, names));
    }
    return record(variants.get(chosen), mapping, path);
  }

  private static Object record(Class<?> type, Mapping node, String path) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> keys = keys(type);
    List<String> known =
        Arrays.stream(type.getInterfaces()).anyMatch(Class::isSealed)
            ? Stream.concat(Stream.of(KIND), keys.stream()).toList()
            : keys;
    for (String key : node.values().keySet()) {
      if (!known.contains(key)) {
        String hint = DidYouMean.hint(key, known);
        String way = hint.isEmpty() ? "; known keys: " + String.join(", ", known) : hint;
        throw new InputException(
            node.keys().get(key) + ": " + join(path, key) + ": unknown key" + way);
      }
    }
    Class<?>[] types = new Class<?>[components.length];
    Object[] arguments = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      String key = keys.get(i);
      YamlNode child = node.values().get(key);
      types[i] = components[i].getType();
      if (child == null && types[i] == Optional.class) {
        arguments[i] = Optional.empty();
        continue;
      }
      if (child == null) {
        throw new InputException(
            node.origin() + ": " + join(path, key) + ": missing; expected " + expected(types[i]));
      }
      arguments[i] = value(components[i].getGenericType(), child, join(path, key));
    }
    return instantiate(type, types, arguments, node.origin(), path);
  }

  private static Object instantiate(
      Class<?> type, Class<?>[] types, Object[] arguments, Origin origin, String path) {
    try {
      return type.getDeclaredConstructor(types).newInstance(arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof InputException
          || e.getCause() instanceof IllegalArgumentException) {
        throw new InputException(origin + ": " + path + ": " + e.getCause().getMessage(), e);
      }
      throw new IllegalStateException("cannot make a " + type.getSimpleName(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + type.getSimpleName(), e);
    }
  }

  private static Object scalar(Class<?> type, Scalar node, String path) {
    String text = node.text();
    if (type == String.class) {
      if (text.isEmpty() && !node.quoted() && node.origin().line() > 0) {
        throw wrong(node.origin(), path, "text (\"\" for none)", "nothing");
      }
      return text;
    }
    Object value = node.quoted() ? null : parse(type, text);
    if (value == null) {
      String hint = type.isEnum() ? DidYouMean.hint(text, constants(type)) : "";
      throw wrong(node.origin(), path, expected(type), node.shown() + hint);
    }
    return value;
  }

  /** The value of unquoted text, or null where it is not of that type. */
  private static Object parse(Class<?> type, String text) {
    try {
      if (type == boolean.class) {
        return text.equals("true") ? Boolean.TRUE : text.equals("false") ? Boolean.FALSE : null;
      }
      if (type.isEnum()) {
        return Arrays.stream(type.getEnumConstants())
            .filter(c -> Names.lowerCase((Enum<?>) c).equals(text.toLowerCase(Locale.ROOT)))
            .findFirst()
            .orElse(null);
      }
      if (!text.matches("[-+]?[0-9.][0-9_.]*([eE][-+]?[0-9]+)?")) {
        return null; // also what Java reads and YAML does not: NaN, Infinity, 0x1p3, 1f
      }
      String digits = text.replace("_", "");
      if (type == int.class) {
        return Integer.valueOf(digits);
      }
      if (type == long.class) {
        return Long.valueOf(digits);
      }
      double value = Double.parseDouble(digits);
      if (type == float.class) {
        return Float.isFinite((float) value) ? (Object) (float) value : null;
      }
      return Double.isFinite(value) ? (Object) value : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static String expected(Class<?> type) {
    if (type == int.class) {
      return "a whole number of at most " + Integer.MAX_VALUE;
    }
    if (type == long.class) {
      return "a whole number";
    }
    if (type == float.class || type == double.class) {
      return "a finite number";
    }
    if (type == boolean.class) {
      return "true or false";
    }
    if (type.isEnum()) {
      return oneOf(constants(type));
    }
    return type == String.class ? "text" : type == List.class ? "a list" : "keys";
  }

  private static List<String> constants(Class<?> type) {
    return Arrays.stream(type.getEnumConstants()).map(c -> Names.lowerCase((Enum<?>) c)).toList();
  }

  private static String oneOf(List<String> names) {
    return names.size() == 1 ? "'" + names.getFirst() + "'" : "one of " + String.join(", ", names);
  }

  private static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static InputException wrong(Origin origin, String path, String expected, String found) {
    String where = path.isEmpty() ? "" : path + ": ";
    return new InputException(origin + ": " + where + "expected " + expected + ", found " + found);
  }
}
