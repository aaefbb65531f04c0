package org.foretoken.cli.progress;

import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** What is known of the terminal that the program runs in. */
final class Terminal {
  private static final int DEFAULT_WIDTH = 80;

  private Terminal() {}

  /**
   * Whether a person watches: standard input and output are a terminal that can move its cursor.
   */
  static boolean interactive() {
    Console console = System.console();
    String kind = System.getenv("TERM");
    return console != null && console.isTerminal() && kind != null && !kind.equals("dumb");
  }

  /** Columns of the terminal. */
  static int width() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      String[] rowsColumns = size.strip().split(" ");
      int columns = rowsColumns.length == 2 ? Integer.parseInt(rowsColumns[1]) : 0;
      return columns >= 20 ? columns : DEFAULT_WIDTH;
    } catch (IOException | NumberFormatException e) {
      return DEFAULT_WIDTH; // no stty here
    }
  }

  /** Whether the locale's character set has the blocks that a smooth bar is made of. */
  static boolean unicode() {
    String charset = System.getProperty("stderr.encoding", "").toLowerCase(Locale.ROOT);
    return charset.startsWith("utf");
  }
}
