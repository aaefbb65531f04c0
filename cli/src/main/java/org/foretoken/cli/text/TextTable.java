package org.foretoken.cli.text;

import java.util.ArrayList;
import java.util.List;

/** Names and values in two columns. */
public final class TextTable {
  private final List<String[]> rows = new ArrayList<>();

  /** Adds a row. */
  public TextTable row(String name, String value) {
    rows.add(new String[] {name, value});
    return this;
  }

  /** The rows, a line each, values aligned. */
  public List<String> lines() {
    int width = rows.stream().mapToInt(r -> r[0].length()).max().orElse(0);
    return rows.stream().map(r -> r[0] + " ".repeat(width - r[0].length() + 2) + r[1]).toList();
  }
}
