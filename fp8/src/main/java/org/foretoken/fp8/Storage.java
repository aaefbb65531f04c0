package org.foretoken.fp8;

/**
 * What a tensor is kept in: a plain format, or codes and scales by a recipe.
 *
 * @param format format of the values or codes
 * @param recipe the recipe, or null for plain values
 */
public record Storage(Format format, QuantizationRecipe recipe) {
  /** Plain values. */
  public static Storage plain(Format format) {
    return new Storage(format, null);
  }

  /** Codes and scales. */
  public static Storage quantized(QuantizationRecipe recipe) {
    return new Storage(recipe.element(), recipe);
  }

  /**
   * Bits an element takes, scales included, in a matrix whose extents are multiples of the groups'.
   * A scale of a whole row, column or tensor counts nothing.
   */
  public double bitsPerElement() {
    if (recipe == null) {
      return format.bits();
    }
    Granularity groups = recipe.granularity();
    double perGroup = (double) groups.rows() * groups.columns();
    return format.bits() + (perGroup == 0 ? 0 : recipe.scaleFormat().bits() / perGroup);
  }

  /** As in {@code "E4M3 (1x128)"}. */
  @Override
  public String toString() {
    return recipe == null ? format.name() : format.name() + " (" + recipe.granularity() + ")";
  }
}
