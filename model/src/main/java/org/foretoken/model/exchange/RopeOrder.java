package org.foretoken.model.exchange;

import java.lang.foreign.MemorySegment;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;

/**
 * The order of the rows of {@code q_proj} and {@code k_proj}, head by head. This project and
 * DeepSeek's weights turn neighbours, rows 2j and 2j + 1; files of Llama's kind turn rows j and j +
 * d/2. So row 2j + s of a head here is row s * d/2 + j there.
 */
public final class RopeOrder {
  private final int headDim;

  private RopeOrder(int headDim) {
    this.headDim = headDim;
  }

  /**
   * The order of a tensor's rows in a file.
   *
   * @return null where it is the same as here
   */
  public static RopeOrder of(ModelConfig model, boolean halves, String tensor) {
    boolean turned =
        tensor.endsWith("self_attn.q_proj.weight") || tensor.endsWith("self_attn.k_proj.weight");
    return halves && turned && model.attention() instanceof AttentionConfig.GroupedQuery a
        ? new RopeOrder(a.headDim())
        : null;
  }

  /** Row of the file that holds row {@code row} of the model. */
  int fileRow(int row) {
    int within = row % headDim;
    return row - within + within % 2 * (headDim / 2) + within / 2;
  }

  /** Whether rows stay within the blocks of 128 that share scales. */
  boolean keepsBlocks(int block) {
    return block % headDim == 0;
  }

  /** Copies rows of {@code bytes} bytes from the model's order to the file's. */
  public void toFile(MemorySegment from, MemorySegment to, int rows, long bytes) {
    for (int row = 0; row < rows; row++) {
      MemorySegment.copy(from, row * bytes, to, fileRow(row) * bytes, bytes);
    }
  }

  /** Copies rows of {@code bytes} bytes from the file's order to the model's. */
  void fromFile(MemorySegment from, MemorySegment to, int rows, long bytes) {
    for (int row = 0; row < rows; row++) {
      MemorySegment.copy(from, fileRow(row) * bytes, to, row * bytes, bytes);
    }
  }
}
