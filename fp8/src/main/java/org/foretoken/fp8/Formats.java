package org.foretoken.fp8;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.foretoken.fp8.FloatFormat.Specials;

/** The closed family of number formats, widest first. */
public final class Formats {
  /** IEEE 754 binary32. */
  public static final Format FP32 = new FloatFormat("FP32", 8, 23, 127, Specials.IEEE);

  /** NVIDIA TF32: FP32's exponent, FP16's mantissa; 19 bits, kept in 32 by hardware. */
  public static final Format TF32 = new FloatFormat("TF32", 8, 10, 127, Specials.IEEE);

  /** bfloat16: the upper half of FP32. */
  public static final Format BF16 = new FloatFormat("BF16", 8, 7, 127, Specials.IEEE);

  /** IEEE 754 binary16. */
  public static final Format FP16 = new FloatFormat("FP16", 5, 10, 15, Specials.IEEE);

  /**
   * DeepSeek-V3's 12-bit format for the inputs of the linear layer after attention (arXiv
   * 2412.19437, section 3.3.3). The report names the widths only; bias and special values are taken
   * from E5M2.
   */
  public static final Format E5M6 = new FloatFormat("E5M6", 5, 6, 15, Specials.IEEE);

  /** OFP8 E4M3 in its FN form: largest 448, no infinity, one NaN a sign. */
  public static final Format E4M3 = new FloatFormat("E4M3", 4, 3, 7, Specials.NAN_ONLY);

  /** OFP8 E5M2: largest 57344, IEEE infinities and NaNs. */
  public static final Format E5M2 = new FloatFormat("E5M2", 5, 2, 15, Specials.IEEE);

  /** OCP MX scale: a power of two. */
  public static final Format E8M0 = new ScaleFormat("E8M0");

  /** 8-bit integers. */
  public static final Format INT8 = new IntegerFormat("INT8");

  /** OCP MX FP4: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives. */
  public static final Format E2M1 = new FloatFormat("E2M1", 2, 1, 1, Specials.NONE);

  /** All of them. */
  public static final List<Format> ALL =
      List.of(FP32, TF32, BF16, FP16, E5M6, E4M3, E5M2, E8M0, INT8, E2M1);

  private Formats() {}

  /**
   * The format called {@code name}, in any case; {@code e4m3fn} and {@code float8_e4m3fn}-like
   * names are understood for the 8-bit ones.
   *
   * @throws InputException if there is none
   */
  public static Format byName(String name) {
    String key =
        name.strip()
            .toUpperCase(Locale.ROOT)
            .replaceFirst("^(FLOAT[48]|F[48])_", "")
            .replaceFirst("(FNU?)?(_X2)?$", "");
    for (Format format : ALL) {
      if (key.equals(format.name())) {
        return format;
      }
    }
    throw new InputException(
        "format: expected one of "
            + ALL.stream().map(Format::name).collect(Collectors.joining(", "))
            + ", found '"
            + name
            + "'");
  }
}
