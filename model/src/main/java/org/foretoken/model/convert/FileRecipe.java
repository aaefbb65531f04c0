package org.foretoken.model.convert;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.RecipeReader;
import org.foretoken.fp8.Rounding;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.fp8.Scaling;
import org.foretoken.model.checkpoint.SafetensorsDType;

/**
 * A recipe as files have it: {@code NAME} holds the codes, {@code NAME_scale_inv} the scales,
 * [scaleRows, scaleColumns] of the granularity; value = code * scale.
 *
 * <p>E4M3 and E5M2 in blocks with FP32 scales are written as in DeepSeek-V3's weights, with its
 * {@code quantization_config}: {@code weight_block_size} is the block, and power-of-two scales have
 * {@code scale_fmt} "ue8m0" as in V3.1, still in FP32. All other recipes (tensor, row, MX with E8M0
 * scales, INT8, packed E2M1) say {@code quant_method} "foretoken" and give the whole recipe, so
 * that no other reader takes them for what they are not. Recipes without a file format: delayed
 * scaling, stochastic rounding, E5M6 (no type of safetensors), and NVFP4's two levels of scales.
 *
 * @param recipe how codes and scales come from values
 * @param codes type of the codes
 * @param scales type of the scales
 */
public record FileRecipe(
    QuantizationRecipe recipe, SafetensorsDType codes, SafetensorsDType scales) {
  /** What a weight's name is followed by in its scales' name. */
  public static final String SCALE_SUFFIX = "_scale_inv";

  /** Key of {@code config.json}. */
  public static final String CONFIG_KEY = "quantization_config";

  private static final String OURS = "foretoken";
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  /**
   * The file format of a recipe.
   *
   * @throws InputException if it has none
   */
  public static FileRecipe of(QuantizationRecipe recipe) {
    SafetensorsDType codes =
        switch (recipe.element().name()) {
          case "E4M3" -> SafetensorsDType.F8_E4M3;
          case "E5M2" -> SafetensorsDType.F8_E5M2;
          case "INT8" -> SafetensorsDType.I8;
          case "E2M1" -> SafetensorsDType.F4;
          default -> null;
        };
    Granularity tile = recipe.granularity();
    boolean wholeRows = tile.rows() == Granularity.WHOLE && !tile.equals(Granularity.TENSOR);
    boolean fits =
        codes != null
            && !wholeRows
            && !recipe.tensorScale()
            && recipe.scaling() instanceof Scaling.Online
            && recipe.rounding() == Rounding.NEAREST_EVEN
            && (!tile.equals(Granularity.TENSOR) || tensorWiseFits(codes, recipe));
    if (!fits) {
      throw new InputException(
          "recipe '"
              + recipe.name()
              + "' has no file format; expected an online one to nearest even, with E4M3, E5M2,"
              + " E2M1 or INT8 codes and one level of scales, as 128x128, 128x128-pow2 or mxfp8");
    }
    return new FileRecipe(
        recipe,
        codes,
        recipe.scaleFormat().equals(Formats.E8M0)
            ? SafetensorsDType.F8_E8M0
            : SafetensorsDType.F32);
  }

  /** A tensor goes in bands, which for one scale needs a kernel that takes it as given. */
  private static boolean tensorWiseFits(SafetensorsDType codes, QuantizationRecipe recipe) {
    return codes.name().startsWith("F8_") && recipe.scaleFormat().equals(Formats.FP32);
  }

  /** Shape of the scales of a matrix. */
  public List<Long> scaleShape(int rows, int columns) {
    Granularity tile = recipe.granularity();
    return List.of((long) tile.scaleRows(rows), (long) tile.scaleColumns(columns));
  }

  private boolean isDeepSeek() {
    Granularity tile = recipe.granularity();
    return codes.name().startsWith("F8_")
        && scales == SafetensorsDType.F32
        && recipe.scaleRule() != ScaleRule.OCP_FLOOR
        && tile.rows() != Granularity.WHOLE
        && tile.columns() != Granularity.WHOLE;
  }

  /** The {@code quantization_config} of a folder in this format. */
  public ObjectNode config() {
    ObjectNode config = MAPPER.createObjectNode();
    if (!isDeepSeek()) {
      config.put("quant_method", OURS);
      config.set("recipe", MAPPER.valueToTree(recipe.toMap()));
      return config;
    }
    config.put("activation_scheme", "dynamic");
    config.put("fmt", recipe.element().name().toLowerCase(java.util.Locale.ROOT));
    config.put("quant_method", "fp8");
    if (recipe.scaleRule() == ScaleRule.POWER_OF_TWO) {
      config.put("scale_fmt", "ue8m0");
    }
    config
        .putArray("weight_block_size")
        .add(recipe.granularity().rows())
        .add(recipe.granularity().columns());
    return config;
  }

  /**
   * The format that a folder says it is in; DeepSeek-V3's, 128x128 E4M3, if it says nothing.
   *
   * @param where file and key, for messages
   * @param config the {@code quantization_config}, or a missing node
   */
  public static FileRecipe read(String where, JsonNode config) {
    if (config.isMissingNode() || config.isNull()) {
      return of(QuantizationRecipes.BLOCK_128X128);
    }
    String method = config.path("quant_method").asText("");
    if (method.equals(OURS)) {
      Map<?, ?> map = MAPPER.convertValue(config.path("recipe"), Map.class);
      return of(RecipeReader.quantization(map, where + ".recipe"));
    }
    JsonNode block = config.path("weight_block_size");
    String format = config.path("fmt").asText("e4m3");
    boolean known =
        method.equals("fp8")
            && (format.equals("e4m3") || format.equals("e5m2"))
            && block.isArray()
            && block.size() == 2
            && isExtent(block.get(0))
            && isExtent(block.get(1));
    if (!known) {
      throw new InputException(
          where
              + ": expected quant_method fp8 with fmt e4m3 or e5m2 and weight_block_size [rows,"
              + " columns], or quant_method foretoken, found "
              + shortened(config));
    }
    boolean powers = config.path("scale_fmt").asText("").equals("ue8m0");
    QuantizationRecipe base =
        powers ? QuantizationRecipes.BLOCK_128X128_POW2 : QuantizationRecipes.BLOCK_128X128;
    return of(
        base.withGranularity(new Granularity(block.get(0).intValue(), block.get(1).intValue()))
            .withElement(Formats.byName(format)));
  }

  private static boolean isExtent(JsonNode node) {
    return node.isInt() && node.intValue() > 0;
  }

  private static String shortened(JsonNode node) {
    String text = node.toString();
    return text.length() > 200 ? text.substring(0, 200) + "..." : text;
  }
}
