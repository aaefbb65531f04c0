package org.foretoken.model.config;

/**
 * Where the text comes from.
 *
 * @param path file, folder or zip; empty for the {@code java.base} part of the JDK's {@code
 *     lib/src.zip}
 * @param include prefix of the entries of a folder or zip that count; empty for all
 * @param tokenizer a {@code tokenizer.json} of Hugging Face's kind; empty: a token is a byte
 * @param documentMask whether a document ends what its tokens see and predict: no attention and no
 *     target, of the main model or of an MTP module, across its end. Without it, documents run into
 *     each other, as in DeepSeek-V3's pre-training
 * @param validationFraction share of the files that is held out
 */
public record DataConfig(
    String path,
    String include,
    String tokenizer,
    boolean documentMask,
    double validationFraction) {
  /** Text as bytes. */
  public DataConfig(String path, String include, boolean documentMask, double validationFraction) {
    this(path, include, "", documentMask, validationFraction);
  }
}
