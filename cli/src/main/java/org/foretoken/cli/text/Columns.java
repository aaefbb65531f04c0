package org.foretoken.cli.text;

import java.util.ArrayList;
import java.util.List;

/** Rows under headings, each column as wide as its widest cell; numbers stand to the right. */
public final class Columns {
  private static final String GAP = "  ";

  private final List<String[]> rows = new ArrayList<>();
  private final boolean[] right;

  /** A table with these headings; one that starts with {@code >} stands, with its column, right. */
  public Columns(String... headings) {
    right = new boolean[headings.length];
    String[] names = headings.clone();
    for (int i = 0; i < names.length; i++) {
      right[i] = names[i].startsWith(">");
      names[i] = right[i] ? names[i].substring(1) : names[i];
    }
    rows.add(names);
  }

  /** Adds a row with a cell for each heading. */
  public Columns row(String... cells) {
    if (cells.length != right.length) {
      throw new IllegalArgumentException(
          "cells: expected " + right.length + ", found " + cells.length);
    }
    rows.add(cells.clone());
    return this;
  }

  /** Headings and rows, a line each, without blanks at the end. */
  public List<String> lines() {
    int[] widths = new int[right.length];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  private String line(String[] row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.length; i++) {
      String blanks = " ".repeat(widths[i] - row[i].length());
      line.append(i == 0 ? "" : GAP);
      line.append(right[i] ? blanks + row[i] : row[i] + blanks);
    }
    return line.toString().stripTrailing();
  }
}
