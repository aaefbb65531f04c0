package org.foretoken.cli.text;

import java.util.List;
import org.foretoken.model.data.ByteTokenizer;
import org.foretoken.model.data.Tokenizer;

/** Byte tokens as text. */
public final class TokenText {
  private static final int REPLACEMENT = 0xFFFD;
  private static final Tokenizer BYTES = new ByteTokenizer();

  private TokenText() {}

  /** UTF-8 bytes of a text as tokens. */
  public static int[] tokens(String text) {
    return BYTES.encode(text);
  }

  /** Tokens as text: what is no UTF-8, or no byte at all, becomes U+FFFD. */
  public static String text(List<Integer> tokens) {
    return BYTES.decode(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  /**
   * Text that is safe on a terminal: control characters but line ends and tabs become U+FFFD, so
   * that nothing a model writes is taken for a command.
   */
  public static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              boolean plain = c == '\n' || c == '\t' || !Character.isISOControl(c);
              out.appendCodePoint(plain ? c : REPLACEMENT);
            });
    return out.toString();
  }

  /**
   * Where characters begin: for each token whether it starts a character, so that the bytes of one
   * character stay together.
   */
  public static boolean[] characterStarts(List<Integer> tokens) {
    boolean[] starts = new boolean[tokens.size()];
    for (int i = 0; i < starts.length; i++) {
      starts[i] = i == 0 || (tokens.get(i) & 0xC0) != 0x80 || tokens.get(i) > 255;
    }
    return starts;
  }
}
