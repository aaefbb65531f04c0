package org.foretoken.kernels.cuda;

/** The matrix products of {@link TensorCoreLibrary}, by what their operands carry. */
enum MatmulKind {
  /** c = a b^T in E4M3: a [m,k] in 1x128 tiles, b [n,k] in 128x128 blocks (fprop, dgrad). */
  FP8_TILE_BLOCK(CublasLt.TYPE_8F_E4M3),
  /** c = a b^T in E4M3: a [m,k] and b [n,k] both in 1x128 tiles (wgrad). */
  FP8_TILE_TILE(CublasLt.TYPE_8F_E4M3),
  /** c = a b^T in BF16. */
  BF16_NT(CublasLt.TYPE_16BF),
  /** c = a b in BF16. */
  BF16_NN(CublasLt.TYPE_16BF),
  /** c = a^T b in BF16. */
  BF16_TN(CublasLt.TYPE_16BF);

  private final int type;

  MatmulKind(int type) {
    this.type = type;
  }

  /** The {@code cudaDataType_t} of both operands. */
  int type() {
    return type;
  }

  /** Whether the operands carry scales. */
  boolean scaled() {
    return type == CublasLt.TYPE_8F_E4M3;
  }

  /** Whether a is stored [k,m]. */
  boolean aTransposed() {
    return this == BF16_TN;
  }

  /** Whether b is stored [n,k]. */
  boolean bTransposed() {
    return this != BF16_NN && this != BF16_TN;
  }
}
