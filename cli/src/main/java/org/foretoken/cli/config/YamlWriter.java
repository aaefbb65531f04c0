package org.foretoken.cli.config;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;

/** Writes records as the YAML that {@link YamlBinder} reads back to equal records. */
public final class YamlWriter {
  private YamlWriter() {}

  /** The record as YAML text, one key a line. */
  public static String write(Record value) {
    StringBuilder out = new StringBuilder();
    record(value, "", out);
    return out.toString();
  }

  private static void record(Record value, String indent, StringBuilder out) {
    if (Arrays.stream(value.getClass().getInterfaces()).anyMatch(Class::isSealed)) {
      String kind = Names.snakeCase(value.getClass().getSimpleName());
      out.append(indent).append(YamlBinder.KIND).append(": ").append(kind).append('\n');
    }
    for (RecordComponent component : value.getClass().getRecordComponents()) {
      out.append(indent).append(Names.snakeCase(component.getName())).append(':');
      Object child = get(component, value);
      if (child instanceof Record nested) {
        out.append('\n');
        record(nested, indent + "  ", out);
      } else {
        out.append(' ').append(inline(child)).append('\n');
      }
    }
  }

  private static Object get(RecordComponent component, Record value) {
    try {
      return component.getAccessor().invoke(value);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component.getName(), e);
    }
  }

  private static String inline(Object value) {
    return switch (value) {
      case String s -> quoted(s);
      case Enum<?> e -> Names.lowerCase(e);
      case List<?> l -> "[" + String.join(", ", l.stream().map(YamlWriter::inline).toList()) + "]";
      default -> value.toString(); // numbers in the shortest form that reads back to the same bits
    };
  }

  private static String quoted(String text) {
    if (text.matches("[A-Za-z/][A-Za-z0-9_./-]*")) {
      return text;
    }
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f || Character.isSurrogate(c) && !pair(text, i)) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  private static boolean pair(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
            && i + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(i + 1))
        || Character.isLowSurrogate(text.charAt(i))
            && i > 0
            && Character.isHighSurrogate(text.charAt(i - 1));
  }
}
