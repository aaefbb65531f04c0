package org.foretoken.model.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.zip.CRC32;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.DataConfig;

/**
 * Text for training and for validation.
 *
 * <p>A corpus of several files is split by file: which files are held out depends on their names
 * alone, so it is the same on every machine and for every order of reading. A single file is split
 * by position, its last part held out.
 *
 * @param description where the text comes from, for people
 * @param training documents to learn from
 * @param validation documents held out
 */
public record Corpus(String description, TokenStream training, TokenStream validation) {
  /**
   * Reads the corpus that {@code config} names.
   *
   * @throws InputException when it is missing, unreadable, empty or too small to split
   */
  public static Corpus read(DataConfig config) {
    return read(config, Integer.MAX_VALUE);
  }

  /**
   * Reads the corpus that {@code config} names, for a model with {@code vocabSize} tokens.
   *
   * @throws InputException when it is missing, unreadable, empty or too small to split, or when its
   *     tokenizer has more tokens than the model
   */
  public static Corpus read(DataConfig config, int vocabSize) {
    try (Tokenizer tokenizer = Tokenizer.open(config.tokenizer())) {
      tokenizer.requireWithin(
          vocabSize, "set model.vocab_size to " + tokenizer.vocabSize() + " or more");
      return read(config, tokenizer);
    }
  }

  private static Corpus read(DataConfig config, Tokenizer tokenizer) {
    boolean jdk = config.path().isEmpty();
    Path path = jdk ? CorpusFiles.jdkSources() : Path.of(config.path());
    String include = jdk && config.include().isEmpty() ? "java.base/" : config.include();
    List<Document> documents;
    try {
      documents = CorpusFiles.documents(path, include);
    } catch (IOException e) {
      throw new InputException(
          "data: '"
              + path
              + "': cannot be read ("
              + e.getMessage()
              + "); give a readable file, folder or zip with --data");
    }
    documents.removeIf(d -> d.bytes().length == 0);
    if (documents.isEmpty()) {
      throw new InputException(
          "data: '"
              + path
              + "': expected text"
              + (include.isEmpty() ? "" : " under '" + include + "'")
              + ", found none; give a file, folder or zip with text with --data");
    }
    documents.sort(Comparator.comparing(Document::name));
    String what = (jdk ? "JDK sources " : path + " ") + (include.isEmpty() ? "" : include + " ");
    return documents.size() == 1
        ? splitByPosition(what, documents.get(0), config.validationFraction(), tokenizer)
        : splitByFile(what, documents, config.validationFraction(), tokenizer);
  }

  private static Corpus splitByPosition(
      String what, Document only, double fraction, Tokenizer tokenizer) {
    byte[] bytes = only.bytes();
    int held = (int) Math.max(1, Math.round(bytes.length * fraction));
    if (held >= bytes.length) {
      throw new InputException(
          "data: '"
              + only.name()
              + "': expected enough text to hold some out, found "
              + bytes.length
              + " bytes; give more text");
    }
    int cut = bytes.length - held;
    byte[] head = Arrays.copyOf(bytes, cut);
    byte[] tail = Arrays.copyOfRange(bytes, cut, bytes.length);
    return new Corpus(
        what + "(one file, its last " + held + " bytes held out)",
        TokenStream.of(List.of(new Document(only.name(), head)), tokenizer),
        TokenStream.of(List.of(new Document(only.name(), tail)), tokenizer));
  }

  private static Corpus splitByFile(
      String what, List<Document> documents, double fraction, Tokenizer tokenizer) {
    List<Document> byHash = new ArrayList<>(documents);
    byHash.sort(
        Comparator.comparingLong((Document d) -> crc(d.name())).thenComparing(Document::name));
    long asked = Math.round(documents.size() * fraction);
    int held = (int) Math.max(1, Math.min(documents.size() - 1L, asked));
    List<Document> validation = new ArrayList<>(byHash.subList(0, held));
    List<Document> training = new ArrayList<>(byHash.subList(held, byHash.size()));
    training.sort(Comparator.comparing(Document::name));
    validation.sort(Comparator.comparing(Document::name));
    return new Corpus(
        what + "(" + training.size() + " files, " + held + " held out)",
        TokenStream.of(training, tokenizer),
        TokenStream.of(validation, tokenizer));
  }

  private static long crc(String name) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }
}
