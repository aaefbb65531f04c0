package org.foretoken.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * cuBLASLt's descriptors and algorithm for one kind of product of one shape.
 *
 * <p>cuBLASLt's matrices are column-major, Foretoken's row-major. A row-major c [m,n] is a
 * column-major c^T [n,m], so the library is asked for c^T = b' a': its A is our b, its B our a.
 */
final class MatmulPlan implements AutoCloseable {
  /** TornadoVM's data starts 16 bytes into its buffers, so no more alignment can be promised. */
  private static final int ALIGNMENT = 16;

  private final CublasLt library;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment algorithm = arena.allocate(CublasLt.HEURISTIC_BYTES, 8);
  private final MemorySegment pointer = arena.allocate(JAVA_LONG);
  private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f);
  private final MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0f);
  private final MatmulKind kind;
  private final long description;
  private final long aLayout;
  private final long bLayout;
  private final long cLayout;

  /**
   * Plans a product.
   *
   * @param handle the library's handle
   * @param m rows of c
   * @param n columns of c
   * @param k inner dimension
   * @param workspace device memory at 16 bytes that an algorithm may use
   * @param workspaceBytes how much of it
   * @throws CudaException when the library has no algorithm for it
   */
  MatmulPlan(
      CublasLt library,
      long handle,
      MatmulKind kind,
      int m,
      int n,
      int k,
      long workspace,
      long workspaceBytes) {
    this.library = library;
    this.kind = kind;
    description = library.createDescription();
    library.set(
        description, CublasLt.DESC_TRANSA, kind.bTransposed() ? CublasLt.OP_T : CublasLt.OP_N);
    library.set(
        description, CublasLt.DESC_TRANSB, kind.aTransposed() ? CublasLt.OP_T : CublasLt.OP_N);
    if (kind.scaled()) {
      library.set(
          description,
          CublasLt.DESC_A_SCALE_MODE,
          kind == MatmulKind.FP8_TILE_BLOCK
              ? CublasLt.SCALE_BLK128X128_32F
              : CublasLt.SCALE_VEC128_32F);
      library.set(description, CublasLt.DESC_B_SCALE_MODE, CublasLt.SCALE_VEC128_32F);
      // With these modes no algorithm is found without pointers, which it then does not read.
      library.setPointer(description, CublasLt.DESC_A_SCALE_POINTER, workspace, pointer);
      library.setPointer(description, CublasLt.DESC_B_SCALE_POINTER, workspace, pointer);
    }
    aLayout =
        kind.bTransposed()
            ? library.createLayout(kind.type(), k, n, k)
            : library.createLayout(kind.type(), n, k, n);
    bLayout =
        kind.aTransposed()
            ? library.createLayout(kind.type(), m, k, m)
            : library.createLayout(kind.type(), k, m, k);
    cLayout = library.createLayout(CublasLt.TYPE_32F, n, m, n);
    long preference = library.createPreference();
    try {
      library.preferWorkspace(preference, workspaceBytes);
      library.prefer(preference, CublasLt.PREF_MIN_ALIGNMENT_A_BYTES, ALIGNMENT);
      library.prefer(preference, CublasLt.PREF_MIN_ALIGNMENT_B_BYTES, ALIGNMENT);
      library.prefer(preference, CublasLt.PREF_MIN_ALIGNMENT_C_BYTES, ALIGNMENT);
      library.prefer(preference, CublasLt.PREF_MIN_ALIGNMENT_D_BYTES, ALIGNMENT);
      if (!library.heuristic(
          handle, description, aLayout, bLayout, cLayout, preference, algorithm)) {
        close();
        throw new CudaException(
            library.file()
                + ": expected an algorithm for "
                + kind
                + " of m "
                + m
                + ", n "
                + n
                + ", k "
                + k
                + ", found none; choose --gemm jit or --gemm ptx");
      }
    } finally {
      library.destroyPreference(preference);
    }
  }

  /** Workspace that the algorithm uses, in bytes. */
  long workspaceBytes() {
    return algorithm.get(JAVA_LONG, CublasLt.HEURISTIC_WORKSPACE);
  }

  /**
   * Puts the product on a stream.
   *
   * @param aScales address of a's scales, or 0 where it has none
   * @param accumulate add to c instead of overwriting it
   */
  void run(
      long handle,
      long a,
      long aScales,
      long b,
      long bScales,
      long c,
      boolean accumulate,
      long workspace,
      long stream) {
    if (kind.scaled()) {
      library.setPointer(description, CublasLt.DESC_A_SCALE_POINTER, bScales, pointer);
      library.setPointer(description, CublasLt.DESC_B_SCALE_POINTER, aScales, pointer);
    }
    library.matmul(
        handle,
        description,
        one,
        b,
        aLayout,
        a,
        bLayout,
        accumulate ? one : zero,
        c,
        cLayout,
        algorithm,
        workspace,
        workspaceBytes(),
        stream);
  }

  @Override
  public void close() {
    library.destroyLayout(aLayout);
    library.destroyLayout(bLayout);
    library.destroyLayout(cLayout);
    library.destroyDescription(description);
    arena.close();
  }
}
