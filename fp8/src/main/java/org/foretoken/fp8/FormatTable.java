package org.foretoken.fp8;

import java.util.ArrayList;
import java.util.List;

/** Every code of a narrow format, taken apart. */
public final class FormatTable {
  /** Formats up to this width have a table; FP16's and BF16's 65,536 rows are the largest. */
  public static final int MAX_BITS = 16;

  /** What a code stands for. */
  public enum Kind {
    ZERO,
    SUBNORMAL,
    NORMAL,
    INFINITY,
    NAN
  }

  /**
   * One code.
   *
   * @param code the code, in the low bits
   * @param bits its fields as binary digits, a space between them: {@code "0 0111 000"}
   * @param kind what it stands for
   * @param value its value
   */
  public record Row(int code, String bits, Kind kind, double value) {}

  private FormatTable() {}

  /**
   * All codes of {@code format} in ascending order.
   *
   * @throws InputException if the format is wider than {@link #MAX_BITS}
   */
  public static List<Row> rows(Format format) {
    if (format.bits() > MAX_BITS) {
      throw new InputException(
          String.format(
              "format %s: expected at most %d bits for a table of values, found %d; ask for one value",
              format.name(), MAX_BITS, format.bits()));
    }
    List<Row> rows = new ArrayList<>();
    for (int code = 0; code < format.codes(); code++) {
      rows.add(row(format, code));
    }
    return rows;
  }

  /** One code of {@code format}. */
  public static Row row(Format format, int code) {
    double value = format.decode(code);
    return new Row(code, bits(format, code), kind(format, value), value);
  }

  /**
   * The fields of {@code code} as binary digits: sign, exponent, mantissa, those that there are.
   */
  public static String bits(Format format, int code) {
    StringBuilder text = new StringBuilder();
    int position = format.bits();
    int[] widths = {format.signed() ? 1 : 0, format.exponentBits(), format.mantissaBits()};
    for (int width : widths) {
      if (width > 0) {
        text.append(text.isEmpty() ? "" : " ");
        for (int i = 0; i < width; i++) {
          text.append(code >>> --position & 1);
        }
      }
    }
    return text.toString();
  }

  private static Kind kind(Format format, double value) {
    if (Double.isNaN(value)) {
      return Kind.NAN;
    }
    double magnitude = Math.abs(value);
    if (magnitude == 0) {
      return Kind.ZERO;
    }
    if (Double.isInfinite(magnitude)) {
      return Kind.INFINITY;
    }
    return magnitude < format.minNormal() ? Kind.SUBNORMAL : Kind.NORMAL;
  }
}
