package org.foretoken.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.DataConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  private static final Path SMALL = Path.of("src/test/resources/small-tokenizer.json");
  private static final int END = 273;
  private static final int HELLO = 259;
  private static final int WORLD = 264;

  @TempDir private Path folder;

  @Test
  void wordsThatWereMergedAreOneToken() {
    try (Tokenizer t = JsonTokenizer.open(SMALL)) {
      assertThat(t.encode("hello world")).containsExactly(HELLO, WORLD);
      assertThat(t.encode("hell")).containsExactly(258);
      assertThat(t.encode("a<|endoftext|>")).containsExactly('a', END);
      assertThat(t.decode(new int[] {HELLO, WORLD})).isEqualTo("hello world");
      assertThat(t.vocabSize()).isEqualTo(274);
      assertThat(t.endOfText()).isEqualTo(END);
    }
  }

  @Test
  void theNativeLibraryComesFromTheJarAndTheNetworkIsLeftAlone() {
    JsonTokenizer.open(SMALL).close();
    assertThat(System.getProperty("ai.djl.offline")).isEqualTo("true");
  }

  @Test
  void longTextsAreNotCut() {
    try (Tokenizer t = JsonTokenizer.open(SMALL)) {
      String text = "hello world ".repeat(3000);
      int[] tokens = t.encode(text);
      assertThat(tokens.length).isGreaterThan(6000);
      assertThat(t.decode(tokens)).isEqualTo(text);
      assertThat(t.encodePrompt(text)).isEqualTo(tokens); // no template in this one
    }
  }

  @Test
  void charactersComeOutWholeWhenTokensAreDecodedOneByOne() {
    String text = "h\u00e9llo \ud83d\ude00 w\u00f6rld \u4f60\u597d the end";
    for (Tokenizer tokenizer : List.of(new ByteTokenizer(), JsonTokenizer.open(SMALL))) {
      try (Tokenizer t = tokenizer) {
        TextDecoder decoder = t.decoder();
        StringBuilder out = new StringBuilder();
        int held = 0;
        for (int token : t.encode(text)) {
          String piece = decoder.next(token);
          assertThat(piece).doesNotContain("\uFFFD");
          held += piece.isEmpty() ? 1 : 0;
          out.append(piece);
        }
        assertThat(decoder.rest()).isEmpty();
        assertThat(out).hasToString(text);
        assertThat(held).as("tokens within a character").isGreaterThanOrEqualTo(8);
      }
    }
  }

  @Test
  void bytesThatAreNoCharacterBecomeTheReplacement() {
    SplittableRandom random = new SplittableRandom(3);
    for (Tokenizer tokenizer : List.of(new ByteTokenizer(), JsonTokenizer.open(SMALL))) {
      try (Tokenizer t = tokenizer) {
        for (int round = 0; round < 50; round++) {
          int[] tokens = random.ints(20, 1, 256).toArray();
          TextDecoder decoder = t.decoder();
          StringBuilder out = new StringBuilder();
          for (int token : tokens) {
            out.append(decoder.next(token));
          }
          out.append(decoder.rest());
          assertThat(out).hasToString(t.decode(tokens));
        }
      }
    }
    TextDecoder bytes = new ByteTokenizer().decoder();
    assertThat(bytes.next(0xC3)).isEmpty();
    assertThat(bytes.next('a')).isEqualTo("\uFFFDa");
    assertThat(bytes.next(0xC3)).isEmpty();
    assertThat(bytes.rest()).isEqualTo("\uFFFD");
    assertThat(bytes.next('b')).isEqualTo("b");
  }

  @Test
  void theByteTokenizerAsAFileIsTheByteTokenizer() throws IOException {
    Path file = Files.write(folder.resolve("tokenizer.json"), ByteTokenizerFile.bytes());
    try (Tokenizer a = new ByteTokenizer();
        Tokenizer b = JsonTokenizer.open(file)) {
      assertThat(b.vocabSize()).isEqualTo(256);
      String text = "int x = 3;\n\t// \u00e9\u0100 \ud83d\ude00 <|endoftext|>  \u0001 ";
      assertThat(b.encode(text)).isEqualTo(a.encode(text));
      assertThat(b.decode(a.encode(text))).isEqualTo(text);
    }
  }

  @Test
  void aStreamOfTokensEndsEveryDocumentAndKnowsItsBytes() {
    List<Document> documents =
        List.of(document("a", "hello world"), document("b", "in"), document("c", "hello"));
    try (Tokenizer t = JsonTokenizer.open(SMALL)) {
      TokenStream stream = TokenStream.of(documents, t);
      int[] tokens = new int[stream.length()];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = stream.token(i);
      }
      assertThat(tokens).containsExactly(HELLO, WORLD, END, 268, END, HELLO, END);
      assertThat(stream.documentStart(4)).isEqualTo(3);
      assertThat(stream.documentStart(5)).isEqualTo(5);
      assertThat(stream.bytesPerToken()).isEqualTo((11 + 2 + 5 + 3) / 7.0);
      assertThat(stream.ofBytes()).isFalse();
    }
    TokenStream bytes = TokenStream.of(documents, new ByteTokenizer());
    assertThat(bytes.bytesPerToken()).isEqualTo(1);
    assertThat(bytes.length()).isEqualTo(21);
  }

  private static Document document(String name, String text) {
    return new Document(name, text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aCorpusIsRefusedWhereTheModelLacksTokens() throws IOException {
    for (String name : List.of("a", "b", "c")) {
      Files.writeString(folder.resolve(name + ".txt"), "hello world");
    }
    DataConfig data = new DataConfig(folder.toString(), "", SMALL.toString(), true, 0.4);
    assertThat(Corpus.read(data, 274).training().length()).isEqualTo(6);
    assertThatThrownBy(() -> Corpus.read(data, 256))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected at most 256 tokens")
        .hasMessageContaining("found 274; set model.vocab_size to 274");
  }

  @Test
  void damagedTokenizersAreRefusedInOneLine() throws IOException {
    assertRefused(folder.resolve("none.json"), "found nothing");
    assertRefused(folder, "found a folder");
    assertRefused(write("x.json", "no json"), "expected JSON");
    assertRefused(write("y.json", "{\"model\":{}}"), "expected a vocabulary under 'model.vocab'");
    assertRefused(
        write("z.json", "{\"model\":{\"type\":\"Nonsense\",\"vocab\":{\"a\":0}}}"),
        "expected what Hugging Face's tokenizers write");
    String endless = Files.readString(SMALL).replace("<|endoftext|>", "<|nothing|>");
    try (Tokenizer t = JsonTokenizer.open(write("e.json", endless))) {
      assertThat(t.endOfText()).isEqualTo(-1);
      assertThatThrownBy(() -> TokenStream.of(List.of(document("a", "x")), t))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("expected a token that ends a text");
      write("tokenizer_config.json", "{\"eos_token\": {\"content\": \"<|nothing|>\"}}");
    }
    try (Tokenizer t = JsonTokenizer.open(folder.resolve("e.json"))) {
      assertThat(t.endOfText()).isEqualTo(END);
    }
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private static void assertRefused(Path file, String message) {
    assertThatThrownBy(() -> JsonTokenizer.open(file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(message)
        .message()
        .hasLineCount(1);
  }
}
