package org.foretoken.cli.config;

import java.util.Locale;

/** Java names to the names that YAML files use. */
final class Names {
  private Names() {}

  /** {@code hiddenSize} and {@code HiddenSize} to {@code hidden_size}. */
  static String snakeCase(String javaName) {
    return javaName.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }

  /** {@code DEEPSEEK} to {@code deepseek}. */
  static String lowerCase(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
