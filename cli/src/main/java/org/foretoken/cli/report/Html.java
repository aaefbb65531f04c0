package org.foretoken.cli.report;

import java.util.List;

/** Small pieces of HTML. */
public final class Html {
  private Html() {}

  /**
   * Text with the characters escaped that mean something in HTML; others XML forbids are dropped.
   */
  public static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> {
                  boolean plain = c == '\n' || c == '\t' || !Character.isISOControl(c);
                  out.appendCodePoint(
                      plain && !Character.isSurrogate((char) c) || c > 0xFFFF ? c : 0xFFFD);
                }
              }
            });
    return out.toString();
  }

  /** A table row of escaped cells; the first is a heading, the others are figures. */
  public static String row(List<String> cells) {
    StringBuilder out = new StringBuilder("<tr>");
    for (int i = 0; i < cells.size(); i++) {
      String cell = escape(cells.get(i));
      out.append(i == 0 ? "<th scope=\"row\">" + cell + "</th>" : "<td>" + cell + "</td>");
    }
    return out.append("</tr>\n").toString();
  }

  /** A table head. */
  public static String head(List<String> cells) {
    StringBuilder out = new StringBuilder("<thead><tr>");
    for (String cell : cells) {
      out.append("<th scope=\"col\">").append(escape(cell)).append("</th>");
    }
    return out.append("</tr></thead>\n").toString();
  }

  /** A cell with a bar of {@code share} of its width, in the colour of a series. */
  static String bar(double share, String colour) {
    double width = Math.max(0, Math.min(1, share)) * 100;
    return "<td class=\"bar\"><span class=\""
        + colour
        + "\" style=\"width:"
        + org.foretoken.cli.text.Numbers.fixed(width, 2)
        + "%\"></span></td>";
  }
}
