package org.foretoken.model.config;

/** The attention of every transformer block. */
public sealed interface AttentionConfig {
  /** Query heads. */
  int heads();

  /** Width of a query and a key head. */
  int headDim();

  /** Width of a value head. */
  int valueDim();

  /** Values that a cache keeps of each token in each block. */
  int cachedPerToken();

  /** Those of them that are keys, of which a CPU keeps a transposed copy beside the cache. */
  int keysPerToken();

  /**
   * Multi-head ({@code kvHeads == heads}) and grouped-query attention with rotary positions on the
   * whole head.
   *
   * @param heads query heads
   * @param kvHeads key and value heads; a divisor of {@code heads}
   * @param headDim width of every head; even
   */
  record GroupedQuery(int heads, int kvHeads, int headDim) implements AttentionConfig {
    @Override
    public int valueDim() {
      return headDim;
    }

    @Override
    public int cachedPerToken() {
      return 2 * kvHeads * headDim;
    }

    @Override
    public int keysPerToken() {
      return kvHeads * headDim;
    }
  }

  /**
   * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1; DeepSeek-V3, section
   * 2.1.1): keys and values of all heads are expanded from one compressed latent, and positions are
   * carried by a rotary part of queries and keys of which the key is shared by all heads. The cache
   * keeps the latent and the rotary key alone.
   *
   * @param heads heads
   * @param qLoraRank width of the compressed queries; 0 where queries are not compressed
   * @param kvLoraRank width of the latent of keys and values
   * @param qkNopeHeadDim width of a query and key head's part without positions
   * @param qkRopeHeadDim width of the part with rotary positions; even
   * @param vHeadDim width of a value head
   */
  record Latent(
      int heads, int qLoraRank, int kvLoraRank, int qkNopeHeadDim, int qkRopeHeadDim, int vHeadDim)
      implements AttentionConfig {
    @Override
    public int headDim() {
      return qkNopeHeadDim + qkRopeHeadDim;
    }

    @Override
    public int valueDim() {
      return vHeadDim;
    }

    @Override
    public int cachedPerToken() {
      return kvLoraRank + qkRopeHeadDim;
    }

    @Override
    public int keysPerToken() {
      return cachedPerToken(); // the query meets the whole row
    }
  }
}
