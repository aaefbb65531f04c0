package org.foretoken.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.RecipeReader;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** What {@code --recipe} takes: a preset's name, or a YAML file with a recipe. */
final class RecipeOption {
  /** DeepSeek-V3's layout of weights by the name that people know it by. */
  private static final String DEEPSEEK = "deepseek";

  private static final int MAX_BYTES = 1 << 16;

  private RecipeOption() {}

  /** Names of the presets, for help and hints. */
  static List<String> names() {
    return Stream.concat(
            Stream.of(DEEPSEEK), QuantizationRecipes.ALL.stream().map(QuantizationRecipe::name))
        .toList();
  }

  /**
   * Reads a recipe.
   *
   * @throws InputException if there is none of that name, or the file holds none
   */
  static QuantizationRecipe read(String text) {
    if (text.endsWith(".yaml") || text.endsWith(".yml")) {
      return RecipeReader.quantization(yaml(Path.of(text)), text);
    }
    if (!names().contains(text)) {
      throw new InputException(
          "--recipe: expected one of "
              + String.join(", ", names())
              + " or a YAML file, found '"
              + text
              + "'"
              + DidYouMean.hint(text, names()));
    }
    return text.equals(DEEPSEEK)
        ? QuantizationRecipes.BLOCK_128X128
        : QuantizationRecipes.byName(text, "--recipe");
  }

  private static Object yaml(Path file) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setCodePointLimit(MAX_BYTES);
    try {
      return new Yaml(new SafeConstructor(options)).load(Files.readString(file));
    } catch (YAMLException e) {
      String problem = String.valueOf(e.getMessage()).lines().findFirst().orElse("no YAML");
      throw new InputException("'" + file + "': expected YAML, found: " + problem, e);
    } catch (IOException e) {
      throw new InputException("'" + file + "': cannot be read (" + e.getMessage() + ")", e);
    }
  }
}
