package org.foretoken.model.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.foretoken.fp8.InputException;

/**
 * Documents as one sequence of tokens. Every document ends with its tokenizer's end of text; with
 * bytes that is {@link #END_OF_DOCUMENT}, which text does not contain.
 */
public final class TokenStream {
  /** Size of the byte-level vocabulary. */
  public static final int BYTE_VOCABULARY = 256;

  /** Byte after the last byte of every document. */
  public static final int END_OF_DOCUMENT = 0;

  private final byte[] bytes; // the tokens, where they are bytes
  private final int[] ids; // the tokens, where they are not
  private final int length;
  private final int[] starts;
  private final double bytesPerToken;

  private TokenStream(byte[] bytes, int[] ids, int length, int[] starts, double bytesPerToken) {
    this.bytes = bytes;
    this.ids = ids;
    this.length = length;
    this.starts = starts;
    this.bytesPerToken = bytesPerToken;
  }

  /** Joins documents in the given order; tokens are bytes. */
  public TokenStream(List<Document> documents) {
    long total = 0;
    for (Document d : documents) {
      total += d.bytes().length + 1L;
    }
    bytes = new byte[Math.toIntExact(total)];
    ids = null;
    length = bytes.length;
    starts = new int[documents.size()];
    bytesPerToken = 1;
    int at = 0;
    for (int i = 0; i < starts.length; i++) {
      byte[] text = documents.get(i).bytes();
      starts[i] = at;
      System.arraycopy(text, 0, bytes, at, text.length);
      at += text.length;
      bytes[at++] = END_OF_DOCUMENT;
    }
  }

  /**
   * Joins documents, which are text in UTF-8, in the given order.
   *
   * @throws InputException when the tokenizer has no token that ends a text
   */
  public static TokenStream of(List<Document> documents, Tokenizer tokenizer) {
    if (tokenizer instanceof ByteTokenizer) {
      return new TokenStream(documents);
    }
    int end = tokenizer.endOfText();
    if (end < 0) {
      throw new InputException(
          tokenizer.description()
              + ": expected a token that ends a text, such as <|endoftext|>, found none; name it as"
              + " eos_token in a tokenizer_config.json beside it");
    }
    int[] ids = new int[1024];
    int[] starts = new int[documents.size()];
    int at = 0;
    long text = 0;
    for (int i = 0; i < starts.length; i++) {
      byte[] document = documents.get(i).bytes();
      int[] tokens = tokenizer.encode(new String(document, StandardCharsets.UTF_8));
      starts[i] = at;
      int needed = Math.addExact(at, tokens.length + 1);
      if (needed > ids.length) {
        ids = Arrays.copyOf(ids, Math.max(needed, (int) Math.min(Integer.MAX_VALUE - 8, 2L * at)));
      }
      System.arraycopy(tokens, 0, ids, at, tokens.length);
      ids[needed - 1] = end;
      at = needed;
      text += document.length + 1L; // the end counts as a byte, as it does in a stream of bytes
    }
    return new TokenStream(
        null, Arrays.copyOf(ids, at), at, starts, text / (double) Math.max(1, at));
  }

  /** Number of tokens. */
  public int length() {
    return length;
  }

  /** Number of documents. */
  public int documents() {
    return starts.length;
  }

  /** Token {@code i}. */
  public int token(int i) {
    return bytes != null ? bytes[i] & 0xFF : ids[i];
  }

  /** Whether tokens are bytes. */
  public boolean ofBytes() {
    return bytes != null;
  }

  /** Bytes of text for each token, on average; 1 for a stream of bytes. */
  public double bytesPerToken() {
    return bytesPerToken;
  }

  /** Index of the first token of the document that token {@code i} belongs to. */
  public int documentStart(int i) {
    int at = Arrays.binarySearch(starts, i);
    return starts[at >= 0 ? at : -at - 2];
  }
}
