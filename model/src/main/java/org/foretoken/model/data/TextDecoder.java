package org.foretoken.model.data;

/**
 * Turns tokens into text one by one. A character whose bytes are spread over several tokens comes
 * out whole, with the last of them.
 */
public interface TextDecoder {
  /** Takes a token; returns the text that is complete now, often of one token, often empty. */
  String next(int token);

  /** The text of what was held back: bytes that never became a character, as U+FFFD. */
  String rest();
}
