package org.foretoken.kernels.cuda;

/** A kernel's text in PTX, line by line. */
final class PtxText {
  private final StringBuilder text = new StringBuilder();

  /** Adds a line, with the next value in the place of each #. */
  void emit(String line, Object... values) {
    int from = 0;
    for (Object value : values) {
      int at = line.indexOf('#', from);
      text.append(line, from, at).append(value);
      from = at + 1;
    }
    text.append(line, from, line.length()).append('\n');
  }

  /** Several lines, each with a line's end. */
  void block(String lines, Object... values) {
    emit(lines.stripTrailing(), values);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
