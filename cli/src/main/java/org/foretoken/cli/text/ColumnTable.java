package org.foretoken.cli.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Rows under headings; the first column to the left, the others to the right. */
public final class ColumnTable {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  /** A table with these headings. */
  public ColumnTable(String... headings) {
    rows.add(List.of(headings));
  }

  /** Adds a row with as many cells as there are headings. */
  public ColumnTable row(String... cells) {
    if (cells.length != rows.getFirst().size()) {
      throw new IllegalArgumentException(
          "expected " + rows.getFirst().size() + " cells, found " + cells.length);
    }
    rows.add(List.of(cells));
    return this;
  }

  /** The table, a line each, nothing behind the last cell. */
  public List<String> lines() {
    int columns = rows.getFirst().size();
    List<Integer> widths = new ArrayList<>(Collections.nCopies(columns, 0));
    for (List<String> row : rows) {
      for (int c = 0; c < columns; c++) {
        widths.set(c, Math.max(widths.get(c), row.get(c).length()));
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String blanks = " ".repeat(widths.get(c) - row.get(c).length());
        line.append(c == 0 ? row.get(c) + blanks : GAP + blanks + row.get(c));
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
