package org.foretoken.model.memory;

import org.foretoken.model.config.ModelConfig;

/**
 * What a cache keeps of each token, beside what other attentions with the same heads would keep: a
 * key and a value of a head are as wide as in the model, without the rotary columns that latent
 * attention adds.
 *
 * @param blocks blocks with a cache
 * @param kept values that each keeps of a token
 * @param multiHead values that multi-head attention would keep
 * @param groupedQuery values that grouped-query attention with {@code groupedHeads} would keep
 * @param heads query heads
 * @param groupedHeads key/value heads of that grouped-query attention: one for {@value #GROUP}
 *     query heads, at least one
 * @param latent whether the model's attention is latent
 */
public record KvCache(
    long blocks,
    long kept,
    long multiHead,
    long groupedQuery,
    long heads,
    long groupedHeads,
    boolean latent) {
  /** Query heads to a key/value head in the grouped-query attention that is compared with. */
  public static final int GROUP = 8;

  /** The caches that decoding with this model has: those of its trunk and of its MTP modules. */
  public static KvCache of(ModelConfig model) {
    return of(ModelShape.of(model), model.layers() + (long) model.mtpDepth());
  }

  /** The caches of so many blocks of a model. */
  public static KvCache of(ModelShape shape, long blocks) {
    long kept = shape.attention().cached();
    return switch (shape.attention()) {
      case ModelShape.GroupedQuery a -> of(blocks, kept, a.heads(), 2 * a.headDim(), false);
      case ModelShape.Latent a -> of(blocks, kept, a.heads(), a.nopeDim() + a.valueDim(), true);
    };
  }

  private static KvCache of(long blocks, long kept, long heads, long width, boolean latent) {
    long grouped = Math.max(1, heads / GROUP);
    return new KvCache(blocks, kept, heads * width, grouped * width, heads, grouped, latent);
  }

  /** Bytes of a token in all blocks, with values of {@code bytes} bytes. */
  public long bytes(int bytes) {
    return blocks * kept * bytes;
  }

  /** The same for multi-head attention. */
  public long multiHeadBytes(int bytes) {
    return blocks * multiHead * bytes;
  }

  /** The same for grouped-query attention with {@link #groupedHeads}. */
  public long groupedQueryBytes(int bytes) {
    return blocks * groupedQuery * bytes;
  }

  /** Key/value heads of the grouped-query attention that would keep as much. */
  public double equivalentHeads() {
    return kept * (double) heads / multiHead;
  }
}
