package org.foretoken.kernels.cuda;

import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The library tasks of {@link TensorCoreProvider}: matrix products for {@code
 * TaskGraph.libraryTask}. All matrices are row-major; c is F32 [m,n], overwritten, or added to
 * where {@code accumulate} is 1.
 *
 * <p>cuBLASLt's scales are laid out in its own way (cuBLAS documentation, "128-element 1D and
 * 128x128 2D Block Scaling For FP8 Data Types"): those of 1x128 tiles [ceil(k/128), rows], rows
 * contiguous; those of 128x128 blocks [ceil(rows/128), L4], with L4 = ceil(k/128) rounded up to a
 * multiple of 4.
 */
public final class TensorCoreLibrary {
  /** Name of the library. */
  public static final String NAME = "foretoken/tensor-cores";

  static final String FP8_TILE_BLOCK = "cublasLtFp8TileBlock";
  static final String FP8_TILE_TILE = "cublasLtFp8TileTile";
  static final String BF16 = "cublasLtBf16";
  static final String WGMMA_FP8 = "wgmmaFp8";
  static final String WGMMA_FP8_TILES = "wgmmaFp8Tiles";

  private TensorCoreLibrary() {}

  /**
   * c = a b^T by cuBLASLt.
   *
   * @param a E4M3 [m,k]; k a multiple of 16, m of 4
   * @param aScales F32 [ceil(k/128), m]
   * @param b E4M3 [n,k]; n a multiple of 16
   * @param bScales F32 [ceil(n/128), L4]
   * @param c F32 [m,n]
   */
  public static LibraryTaskDescriptor fp8TileBlock(
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      FloatArray c,
      int m,
      int n,
      int k,
      int accumulate) {
    return fp8(FP8_TILE_BLOCK, a, aScales, b, bScales, c, m, n, k, accumulate);
  }

  /**
   * c = a b^T by cuBLASLt, both operands in 1x128 tiles.
   *
   * @param a E4M3 [m,k]; k a multiple of 16, m of 4
   * @param aScales F32 [ceil(k/128), m]
   * @param b E4M3 [n,k]; n a multiple of 16
   * @param bScales F32 [ceil(k/128), n]
   * @param c F32 [m,n]
   */
  public static LibraryTaskDescriptor fp8TileTile(
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      FloatArray c,
      int m,
      int n,
      int k,
      int accumulate) {
    return fp8(FP8_TILE_TILE, a, aScales, b, bScales, c, m, n, k, accumulate);
  }

  /**
   * c = a b^T by {@link WgmmaFp8Gemm}, with scales as Foretoken lays them out.
   *
   * @param a E4M3 [m,k]; k a multiple of 16
   * @param aScales F32 [m, ceil(k/128)]
   * @param b E4M3 [n,k]; n a multiple of 2
   * @param bScales F32 [ceil(n/128), ceil(k/128)]
   * @param c F32 [m,n]
   */
  public static LibraryTaskDescriptor wgmmaFp8(
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      FloatArray c,
      int m,
      int n,
      int k,
      int accumulate) {
    return fp8(WGMMA_FP8, a, aScales, b, bScales, c, m, n, k, accumulate);
  }

  /**
   * c = a b^T by {@link WgmmaFp8Gemm}, both operands in 1x128 tiles.
   *
   * @param a E4M3 [m,k]; k a multiple of 16
   * @param aScales F32 [ceil(k/128), m]
   * @param b E4M3 [n,k]; n a multiple of 2
   * @param bScales F32 [ceil(k/128), n]
   * @param c F32 [m,n]
   */
  public static LibraryTaskDescriptor wgmmaFp8Tiles(
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      FloatArray c,
      int m,
      int n,
      int k,
      int accumulate) {
    return fp8(WGMMA_FP8_TILES, a, aScales, b, bScales, c, m, n, k, accumulate);
  }

  /**
   * A BF16 product by cuBLASLt, from the given elements of each operand on.
   *
   * @param a BF16, two to an int: [m,k], or [k,m] in layout TN
   * @param b BF16, two to an int: [n,k] in layout NT, else [k,n]
   * @param c F32 [m,n]
   * @param layout 0 for NT, 1 for NN, 2 for TN
   */
  public static LibraryTaskDescriptor bf16(
      IntArray a,
      IntArray b,
      FloatArray c,
      int m,
      int n,
      int k,
      int aOffset,
      int bOffset,
      int cOffset,
      int layout,
      int accumulate) {
    return new LibraryTaskDescriptor()
        .withLibrary(NAME)
        .withFunction(BF16)
        .withParameters(
            new Object[] {a, b, c, m, n, k, aOffset, bOffset, cOffset, layout, accumulate})
        .withAccess(
            access(
                new Access[] {
                  Access.READ_ONLY, Access.READ_ONLY, result(accumulate == 1 || cOffset > 0)
                },
                11));
  }

  private static LibraryTaskDescriptor fp8(
      String function,
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      FloatArray c,
      int m,
      int n,
      int k,
      int accumulate) {
    return new LibraryTaskDescriptor()
        .withLibrary(NAME)
        .withFunction(function)
        .withParameters(new Object[] {a, aScales, b, bScales, c, m, n, k, accumulate})
        .withAccess(
            access(
                new Access[] {
                  Access.READ_ONLY,
                  Access.READ_ONLY,
                  Access.READ_ONLY,
                  Access.READ_ONLY,
                  result(accumulate == 1)
                },
                9));
  }

  /** Arrays may be larger than the product, so that what is only written is still read back. */
  private static Access result(boolean alsoRead) {
    return alsoRead ? Access.READ_WRITE : Access.WRITE_ONLY;
  }

  private static Access[] access(Access[] arrays, int parameters) {
    Access[] all = new Access[parameters];
    for (int i = 0; i < parameters; i++) {
      all[i] = i < arrays.length ? arrays[i] : Access.READ_ONLY;
    }
    return all;
  }
}
