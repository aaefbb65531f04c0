package org.foretoken.model.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** A token is a byte of the text in UTF-8; 0, which text does not contain, ends a document. */
public final class ByteTokenizer implements Tokenizer {
  private static final String REPLACEMENT = "\uFFFD";

  @Override
  public String description() {
    return "bytes";
  }

  @Override
  public int vocabSize() {
    return TokenStream.BYTE_VOCABULARY;
  }

  @Override
  public int endOfText() {
    return TokenStream.END_OF_DOCUMENT;
  }

  @Override
  public int[] encode(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[bytes.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = bytes[i] & 0xFF;
    }
    return tokens;
  }

  @Override
  public int[] encodePrompt(String text) {
    return encode(text);
  }

  @Override
  public String decode(int[] tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int token : tokens) {
      if (token < TokenStream.BYTE_VOCABULARY) {
        bytes.write(token);
      } else {
        bytes.writeBytes(REPLACEMENT.getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Override
  public TextDecoder decoder() {
    return new Utf8();
  }

  @Override
  public void close() {}

  private static final class Utf8 implements TextDecoder {
    private final CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final ByteBuffer pending = ByteBuffer.allocate(8);
    private final CharBuffer out = CharBuffer.allocate(16);

    @Override
    public String next(int token) {
      if (token >= TokenStream.BYTE_VOCABULARY) {
        String before = rest();
        return before + REPLACEMENT;
      }
      pending.put((byte) token);
      return decode(false);
    }

    @Override
    public String rest() {
      String text = decode(true);
      decoder.reset();
      pending.clear();
      return text;
    }

    private String decode(boolean end) {
      pending.flip();
      out.clear();
      decoder.decode(pending, out, end);
      if (end) {
        decoder.flush(out);
      }
      pending.compact();
      return out.flip().toString();
    }
  }
}
