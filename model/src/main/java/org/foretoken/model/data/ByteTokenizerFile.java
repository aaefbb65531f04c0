package org.foretoken.model.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The byte tokenizer as a {@code tokenizer.json}, for programs that know only those: a byte-level
 * vocabulary of the 256 bytes, each with itself as its token, and no merges.
 */
public final class ByteTokenizerFile {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private ByteTokenizerFile() {}

  /** The file. */
  public static byte[] bytes() {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    root.putArray("added_tokens");
    root.putNull("normalizer");
    ObjectNode before = byteLevel(root.putObject("pre_tokenizer"));
    before.put("use_regex", false);
    root.putNull("post_processor");
    byteLevel(root.putObject("decoder")).put("use_regex", false);
    ObjectNode model = root.putObject("model");
    model.put("type", "BPE");
    model.putNull("dropout");
    model.putNull("unk_token");
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    ObjectNode vocabulary = model.putObject("vocab");
    int others = 0;
    for (int b = 0; b < TokenStream.BYTE_VOCABULARY; b++) {
      // Byte-level tokenizers write a byte as a visible character: itself, or one from U+0100 on.
      int c = visible(b) ? b : 0x100 + others++;
      vocabulary.put(Character.toString(c), b);
    }
    model.putArray("merges");
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("tokenizer cannot be written as JSON", e);
    }
  }

  private static ObjectNode byteLevel(ObjectNode node) {
    node.put("type", "ByteLevel");
    node.put("add_prefix_space", false);
    node.put("trim_offsets", true);
    return node;
  }

  private static boolean visible(int b) {
    return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
  }
}
