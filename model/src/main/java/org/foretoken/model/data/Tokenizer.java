package org.foretoken.model.data;

import java.nio.file.Path;

/** Text to tokens and back. Not for use by several threads at once. */
public sealed interface Tokenizer extends AutoCloseable permits ByteTokenizer, JsonTokenizer {
  /** One line for people. */
  String description();

  /** The smallest vocabulary that holds every token. */
  int vocabSize();

  /** Token that ends a document; -1 where there is none. */
  int endOfText();

  /** The tokens of a text as it is. */
  int[] encode(String text);

  /** The tokens of a prompt: with what the tokenizer's own template puts around a text. */
  int[] encodePrompt(String text);

  /** Tokens as text; what is no UTF-8 becomes U+FFFD. */
  String decode(int[] tokens);

  /** Starts turning tokens into text one by one. */
  TextDecoder decoder();

  /** Frees what is outside the Java heap. */
  @Override
  void close();

  /**
   * The tokenizer of a configuration.
   *
   * @param file a {@code tokenizer.json}; empty for bytes
   * @throws org.foretoken.fp8.InputException when there is no such file, or it is damaged
   */
  static Tokenizer open(String file) {
    return file.isEmpty() ? new ByteTokenizer() : JsonTokenizer.open(Path.of(file));
  }

  /**
   * Checks that a model has an embedding for every token.
   *
   * @param vocabSize V of the model
   * @param wayOut what to do about it
   * @throws org.foretoken.fp8.InputException when it has not
   */
  default void requireWithin(int vocabSize, String wayOut) {
    if (vocabSize() > vocabSize) {
      throw new org.foretoken.fp8.InputException(
          description()
              + ": expected at most "
              + vocabSize
              + " tokens, the model's vocabulary, found "
              + vocabSize()
              + "; "
              + wayOut);
    }
  }
}
