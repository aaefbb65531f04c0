package org.foretoken.model.convert;

/** Hears how far a conversion is. */
public interface ConversionListener {
  /** Hears nothing. */
  ConversionListener NONE = new ConversionListener() {};

  /** The conversion begins; {@code bytes} of tensors are to be read. */
  default void begin(long bytes) {}

  /**
   * A shard begins.
   *
   * @param name file name
   * @param kept whether an earlier run has finished it
   */
  default void shard(String name, boolean kept) {}

  /** {@code bytes} more of the input are done. */
  default void advance(long bytes) {}
}
