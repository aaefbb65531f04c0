package org.foretoken.model.config;

/** The attention of every transformer block. */
public sealed interface AttentionConfig {
  /** Query heads. */
  int heads();

  /** Width of a query and a key head. */
  int headDim();

  /** Width of a value head. */
  int valueDim();

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
  }
}
