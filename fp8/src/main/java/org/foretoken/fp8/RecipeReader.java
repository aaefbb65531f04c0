package org.foretoken.fp8;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Recipes from maps, as a YAML or JSON loader fills them. A recipe is a preset's name, or a map
 * whose key {@code preset} names what the other keys change. Every message begins with the path of
 * the key.
 */
public final class RecipeReader {
  private static final Set<String> QUANTIZATION_KEYS =
      Set.of(
          "preset",
          "name",
          "element",
          "granularity",
          "scaleRule",
          "scaleFormat",
          "tensorScale",
          "scaling",
          "rounding");
  private static final Set<String> TRAINING_KEYS =
      Set.of(
          "preset",
          "name",
          "fpropActivation",
          "fpropWeight",
          "dgradGradient",
          "dgradWeight",
          "wgradGradient",
          "wgradActivation");

  private RecipeReader() {}

  /**
   * A recipe for one matrix.
   *
   * @param node a preset's name or a map; without a {@code preset} the map starts from {@code
   *     1x128}
   * @param path where the node stands, as in {@code recipe.weight}
   */
  public static QuantizationRecipe quantization(Object node, String path) {
    return quantization(node, QuantizationRecipes.TILE_1X128, path);
  }

  /**
   * A recipe for the products of a linear layer.
   *
   * @param node a preset's name or a map; without a {@code preset} the map starts from {@code
   *     deepseek}
   * @param path where the node stands, as in {@code recipe}
   */
  public static TrainingRecipe training(Object node, String path) {
    if (node instanceof String name) {
      return TrainingRecipe.byName(name, path);
    }
    MapReader map = new MapReader(node, path, TRAINING_KEYS);
    TrainingRecipe base =
        map.has("preset")
            ? TrainingRecipe.byName(map.text("preset", ""), map.path("preset"))
            : TrainingRecipe.DEEPSEEK;
    return new TrainingRecipe(
        map.text("name", base.name()),
        operand(map, "fpropActivation", base.fpropActivation()),
        operand(map, "fpropWeight", base.fpropWeight()),
        operand(map, "dgradGradient", base.dgradGradient()),
        operand(map, "dgradWeight", base.dgradWeight()),
        operand(map, "wgradGradient", base.wgradGradient()),
        operand(map, "wgradActivation", base.wgradActivation()));
  }

  private static QuantizationRecipe operand(MapReader map, String key, QuantizationRecipe base) {
    return map.has(key) ? quantization(map.get(key), base, map.path(key)) : base;
  }

  private static QuantizationRecipe quantization(
      Object node, QuantizationRecipe fallback, String path) {
    if (node instanceof String name) {
      return QuantizationRecipes.byName(name, path);
    }
    MapReader map = new MapReader(node, path, QUANTIZATION_KEYS);
    QuantizationRecipe base =
        map.has("preset")
            ? QuantizationRecipes.byName(map.text("preset", ""), map.path("preset"))
            : fallback;
    String name = map.text("name", base.name());
    Format element = format(map, "element", base.element());
    Granularity granularity =
        map.has("granularity")
            ? Granularity.parse(map.text("granularity", ""), map.path("granularity"))
            : base.granularity();
    ScaleRule rule = map.constant("scaleRule", ScaleRule.class, base.scaleRule());
    Format scaleFormat = format(map, "scaleFormat", base.scaleFormat());
    boolean tensorScale = map.flag("tensorScale", base.tensorScale());
    Scaling scaling = map.has("scaling") ? scaling(map) : base.scaling();
    Rounding rounding = map.constant("rounding", Rounding.class, base.rounding());
    return at(
        path,
        () ->
            new QuantizationRecipe(
                name, element, granularity, rule, scaleFormat, tensorScale, scaling, rounding));
  }

  private static Format format(MapReader map, String key, Format fallback) {
    if (!map.has(key)) {
      return fallback;
    }
    String name = map.text(key, "");
    return at(map.path(key), () -> Formats.byName(name));
  }

  private static Scaling scaling(MapReader map) {
    String path = map.path("scaling");
    Object node = map.get("scaling");
    if (node instanceof String name && name.toLowerCase(Locale.ROOT).equals("online")) {
      return Scaling.ONLINE;
    }
    if (node instanceof Map<?, ?> fields && fields.keySet().equals(Set.of("delayed"))) {
      MapReader delayed =
          new MapReader(fields.get("delayed"), path + ".delayed", Set.of("history", "margin"));
      int history = delayed.integer("history", 16);
      int margin = delayed.integer("margin", 0);
      return at(path, () -> new Scaling.Delayed(history, margin));
    }
    throw new InputException(
        path + ": expected online or {delayed: {history: N, margin: N}}, found '" + node + "'");
  }

  /** Puts {@code path} in front of what a constructor has to say. */
  private static <T> T at(String path, java.util.function.Supplier<T> supplier) {
    try {
      return supplier.get();
    } catch (InputException e) {
      throw new InputException(path + ": " + e.getMessage(), e);
    }
  }
}
