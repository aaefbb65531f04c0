package org.foretoken.model.data;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.fp8.InputException;
import org.foretoken.model.checkpoint.CheckpointConfig;

/**
 * A tokenizer as Hugging Face's libraries write it, {@code tokenizer.json}, run by their own
 * library (through Deep Java Library, with the native code that its jar holds).
 *
 * <p>The token that ends a document is {@code eos_token} of a {@code tokenizer_config.json} beside
 * it, else the first of the usual names among the added tokens.
 */
public final class JsonTokenizer implements Tokenizer {
  /** Name of the file in a model's folder. */
  public static final String FILE = "tokenizer.json";

  /** Name of a file beside it that names special tokens. */
  public static final String SETTINGS = "tokenizer_config.json";

  private static final List<String> ENDS =
      List.of(
          "<|endoftext|>",
          "<|end_of_text|>",
          "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
          "</s>",
          "<eos>",
          "<|end|>");

  static {
    // The library would look for native code of other flavours, and report its use, on the network.
    System.setProperty("ai.djl.offline", "true");
  }

  private final Path file;
  private final HuggingFaceTokenizer tokenizer;
  private final int vocabSize;
  private final int endOfText;

  private JsonTokenizer(Path file, HuggingFaceTokenizer tokenizer, int vocabSize, int endOfText) {
    this.file = file;
    this.tokenizer = tokenizer;
    this.vocabSize = vocabSize;
    this.endOfText = endOfText;
  }

  /**
   * Opens a file.
   *
   * @throws InputException when it is missing or is no tokenizer
   */
  public static JsonTokenizer open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new InputException(
          "tokenizer '"
              + file
              + "': expected a tokenizer.json, found "
              + (Files.exists(file) ? "a folder" : "nothing")
              + "; give the file itself");
    }
    ObjectNode json = CheckpointConfig.read(file);
    Map<String, Integer> added = new HashMap<>();
    int size = size(file, json, added);
    try {
      // Whole texts: by default the library cuts them at 512 tokens.
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(file, Map.of("truncation", "false", "padding", "false"));
      return new JsonTokenizer(file, tokenizer, size, endOfText(file, json, added));
    } catch (IOException | RuntimeException e) {
      throw new InputException(
          "tokenizer '"
              + file
              + "': expected what Hugging Face's tokenizers write, found: "
              + String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason"),
          e);
    }
  }

  /** One more than the largest token; notes the added tokens. */
  private static int size(Path file, ObjectNode json, Map<String, Integer> added) {
    int largest = -1;
    JsonNode vocabulary = json.path("model").path("vocab");
    if (vocabulary.isObject()) {
      for (JsonNode id : vocabulary) {
        largest = Math.max(largest, id.asInt(-1));
      }
    } else {
      largest = vocabulary.size() - 1; // Unigram: [[token, score], ..]
    }
    for (JsonNode token : json.path("added_tokens")) {
      int id = token.path("id").asInt(-1);
      added.put(token.path("content").asText(), id);
      largest = Math.max(largest, id);
    }
    if (largest < 0) {
      throw new InputException(
          "tokenizer '" + file + "': expected a vocabulary under 'model.vocab', found none");
    }
    return largest + 1;
  }

  private static int endOfText(Path file, ObjectNode json, Map<String, Integer> added) {
    Path settings = file.resolveSibling(SETTINGS);
    String asked = null;
    if (Files.isRegularFile(settings)) {
      JsonNode eos = CheckpointConfig.read(settings).path("eos_token");
      asked = eos.isObject() ? eos.path("content").asText(null) : eos.asText(null);
    }
    JsonNode vocabulary = json.path("model").path("vocab");
    if (asked != null) {
      return added.containsKey(asked) ? added.get(asked) : vocabulary.path(asked).asInt(-1);
    }
    for (String end : ENDS) {
      if (added.containsKey(end)) {
        return added.get(end);
      }
    }
    return -1;
  }

  /** The file. */
  public Path file() {
    return file;
  }

  @Override
  public String description() {
    return "tokenizer '" + file + "'";
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public int endOfText() {
    return endOfText;
  }

  @Override
  public int[] encode(String text) {
    return ints(tokenizer.encode(text, false, false).getIds());
  }

  @Override
  public int[] encodePrompt(String text) {
    return ints(tokenizer.encode(text, true, false).getIds());
  }

  private static int[] ints(long[] ids) {
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  @Override
  public String decode(int[] tokens) {
    return tokenizer.decode(Arrays.stream(tokens).asLongStream().toArray(), false);
  }

  @Override
  public TextDecoder decoder() {
    return new Window();
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  /**
   * Text of a window of tokens, since a token's text may depend on its neighbours: what is new is
   * what the window says beyond what it said without the new tokens.
   */
  private final class Window implements TextDecoder {
    /** No character takes more tokens; beyond that, bytes are no UTF-8. */
    private static final int MOST_HELD = 8;

    private static final String REPLACEMENT = "\uFFFD";
    private int[] tokens = new int[16];
    private int count;
    private int told; // tokens whose text was told

    @Override
    public String next(int token) {
      if (count == tokens.length) {
        tokens = Arrays.copyOf(tokens, 2 * count);
      }
      tokens[count++] = token;
      String all = text(count);
      if (all.endsWith(REPLACEMENT) && count - told < MOST_HELD) {
        return "";
      }
      return tell(all);
    }

    @Override
    public String rest() {
      return count == told ? "" : tell(text(count));
    }

    private String tell(String all) {
      String before = told == 0 ? "" : text(told);
      String fresh = all.length() > before.length() ? all.substring(before.length()) : "";
      // The tokens just told stay as the context of the next ones.
      System.arraycopy(tokens, told, tokens, 0, count - told);
      count -= told;
      told = count;
      return fresh;
    }

    private String text(int n) {
      return decode(Arrays.copyOf(tokens, n));
    }
  }
}
