package org.foretoken.model.data;

import java.util.Arrays;
import java.util.List;

/**
 * Documents as one sequence of byte tokens. Every document ends with {@link #END_OF_DOCUMENT}, a
 * byte that text does not contain.
 */
public final class TokenStream {
  /** Size of the byte-level vocabulary. */
  public static final int BYTE_VOCABULARY = 256;

  /** Token after the last byte of every document. */
  public static final int END_OF_DOCUMENT = 0;

  private final byte[] tokens;
  private final int[] starts;

  /** Joins documents in the given order. */
  public TokenStream(List<Document> documents) {
    long total = 0;
    for (Document d : documents) {
      total += d.bytes().length + 1L;
    }
    tokens = new byte[Math.toIntExact(total)];
    starts = new int[documents.size()];
    int at = 0;
    for (int i = 0; i < starts.length; i++) {
      byte[] bytes = documents.get(i).bytes();
      starts[i] = at;
      System.arraycopy(bytes, 0, tokens, at, bytes.length);
      at += bytes.length;
      tokens[at++] = END_OF_DOCUMENT;
    }
  }

  /** Number of tokens. */
  public int length() {
    return tokens.length;
  }

  /** Number of documents. */
  public int documents() {
    return starts.length;
  }

  /** Token {@code i}, 0 to 255. */
  public int token(int i) {
    return tokens[i] & 0xFF;
  }

  /** Index of the first token of the document that token {@code i} belongs to. */
  public int documentStart(int i) {
    int at = Arrays.binarySearch(starts, i);
    return starts[at >= 0 ? at : -at - 2];
  }
}
