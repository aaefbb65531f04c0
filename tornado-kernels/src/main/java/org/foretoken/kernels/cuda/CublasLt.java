package org.foretoken.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The functions of cuBLASLt that a matrix product takes, as {@code cublasLt.h} declares them. Each
 * throws a {@link CudaException} that names the function and the library's status.
 */
final class CublasLt {
  /** First version with 1x128 and 128x128 scales: CUDA 12.9. */
  static final long BLOCK_SCALES = 120_900;

  // cublasComputeType_t, cudaDataType_t, cublasOperation_t
  static final int COMPUTE_32F = 68;
  static final int TYPE_32F = 0;
  static final int TYPE_16BF = 14;
  static final int TYPE_8F_E4M3 = 28;
  static final int OP_N = 0;
  static final int OP_T = 1;
  // cublasLtMatmulDescAttributes_t
  static final int DESC_TRANSA = 3;
  static final int DESC_TRANSB = 4;
  static final int DESC_A_SCALE_POINTER = 17;
  static final int DESC_B_SCALE_POINTER = 18;
  static final int DESC_A_SCALE_MODE = 31;
  static final int DESC_B_SCALE_MODE = 32;
  // cublasLtMatmulMatrixScale_t
  static final int SCALE_VEC128_32F = 4;
  static final int SCALE_BLK128X128_32F = 5;
  // cublasLtMatmulPreferenceAttributes_t
  static final int PREF_MAX_WORKSPACE_BYTES = 1;
  static final int PREF_MIN_ALIGNMENT_A_BYTES = 5;
  static final int PREF_MIN_ALIGNMENT_B_BYTES = 6;
  static final int PREF_MIN_ALIGNMENT_C_BYTES = 7;
  static final int PREF_MIN_ALIGNMENT_D_BYTES = 8;
  // cublasLtMatmulHeuristicResult_t: algo 64 bytes, workspaceSize, state, wavesCount, reserved
  static final int HEURISTIC_BYTES = 96;
  static final int HEURISTIC_WORKSPACE = 64;
  static final int HEURISTIC_STATE = 72;

  private final NativeLibrary library;
  private final MethodHandle getVersion;
  private final MethodHandle getStatusName;
  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle descCreate;
  private final MethodHandle descDestroy;
  private final MethodHandle descSet;
  private final MethodHandle layoutCreate;
  private final MethodHandle layoutDestroy;
  private final MethodHandle prefCreate;
  private final MethodHandle prefDestroy;
  private final MethodHandle prefSet;
  private final MethodHandle heuristic;
  private final MethodHandle matmul;

  private CublasLt(NativeLibrary library) {
    this.library = library;
    getVersion = library.function("cublasLtGetVersion", FunctionDescriptor.of(JAVA_LONG));
    getStatusName =
        library.function("cublasLtGetStatusName", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    create = status("cublasLtCreate", ADDRESS);
    destroy = status("cublasLtDestroy", JAVA_LONG);
    descCreate = status("cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
    descDestroy = status("cublasLtMatmulDescDestroy", JAVA_LONG);
    descSet = status("cublasLtMatmulDescSetAttribute", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    layoutCreate =
        status("cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    layoutDestroy = status("cublasLtMatrixLayoutDestroy", JAVA_LONG);
    prefCreate = status("cublasLtMatmulPreferenceCreate", ADDRESS);
    prefDestroy = status("cublasLtMatmulPreferenceDestroy", JAVA_LONG);
    prefSet =
        status("cublasLtMatmulPreferenceSetAttribute", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    heuristic =
        status(
            "cublasLtMatmulAlgoGetHeuristic",
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_INT,
            ADDRESS,
            ADDRESS);
    matmul =
        status(
            "cublasLtMatmul",
            JAVA_LONG,
            JAVA_LONG,
            ADDRESS,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            ADDRESS,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            ADDRESS,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);
  }

  private MethodHandle status(String name, java.lang.foreign.MemoryLayout... arguments) {
    return library.function(name, FunctionDescriptor.of(JAVA_INT, arguments));
  }

  /** The library of CUDA 13 or 12, where there is one. */
  static Optional<CublasLt> open() {
    return NativeLibrary.find("libcublasLt.so.13", "libcublasLt.so.12").map(CublasLt::new);
  }

  /** The file that was loaded. */
  String file() {
    return library.file();
  }

  /** The version, major * 10000 + minor * 100 + patch. */
  long version() {
    return (long) call(getVersion);
  }

  /** A new library handle for the current CUDA context. */
  long create() {
    return made(create, "cublasLtCreate");
  }

  void destroy(long handle) {
    check((int) call(destroy, handle), "cublasLtDestroy");
  }

  /** A new description of a product with FP32 accumulation. */
  long createDescription() {
    return made(descCreate, "cublasLtMatmulDescCreate", COMPUTE_32F, TYPE_32F);
  }

  void destroyDescription(long description) {
    check((int) call(descDestroy, description), "cublasLtMatmulDescDestroy");
  }

  void set(long description, int attribute, int value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocateFrom(JAVA_INT, value);
      check(
          (int) call(descSet, description, attribute, buffer, 4L),
          "cublasLtMatmulDescSetAttribute " + attribute);
    }
  }

  /** Sets an attribute to an address; {@code cell} is memory of 8 bytes to pass it in. */
  void setPointer(long description, int attribute, long pointer, MemorySegment cell) {
    cell.set(JAVA_LONG, 0, pointer);
    check(
        (int) call(descSet, description, attribute, cell, 8L),
        "cublasLtMatmulDescSetAttribute " + attribute);
  }

  /** A column-major matrix. */
  long createLayout(int type, long rows, long columns, long leadingDimension) {
    return made(layoutCreate, "cublasLtMatrixLayoutCreate", type, rows, columns, leadingDimension);
  }

  void destroyLayout(long layout) {
    check((int) call(layoutDestroy, layout), "cublasLtMatrixLayoutDestroy");
  }

  long createPreference() {
    return made(prefCreate, "cublasLtMatmulPreferenceCreate");
  }

  void destroyPreference(long preference) {
    check((int) call(prefDestroy, preference), "cublasLtMatmulPreferenceDestroy");
  }

  void prefer(long preference, int attribute, int value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocateFrom(JAVA_INT, value);
      check(
          (int) call(prefSet, preference, attribute, buffer, 4L),
          "cublasLtMatmulPreferenceSetAttribute " + attribute);
    }
  }

  void preferWorkspace(long preference, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocateFrom(JAVA_LONG, bytes);
      check(
          (int) call(prefSet, preference, PREF_MAX_WORKSPACE_BYTES, buffer, 8L),
          "cublasLtMatmulPreferenceSetAttribute " + PREF_MAX_WORKSPACE_BYTES);
    }
  }

  /**
   * Asks for the best algorithm.
   *
   * @param result {@link #HEURISTIC_BYTES} bytes that receive it
   * @return whether there is one
   */
  boolean heuristic(
      long handle,
      long description,
      long a,
      long b,
      long c,
      long preference,
      MemorySegment result) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_INT);
      int status =
          (int) call(heuristic, handle, description, a, b, c, c, preference, 1, result, count);
      return status == 0
          && count.get(JAVA_INT, 0) > 0
          && result.get(JAVA_INT, HEURISTIC_STATE) == 0;
    }
  }

  /** Puts a product on a stream: c = alpha a b + beta c, in place. */
  void matmul(
      long handle,
      long description,
      MemorySegment alpha,
      long a,
      long aLayout,
      long b,
      long bLayout,
      MemorySegment beta,
      long c,
      long cLayout,
      MemorySegment algorithm,
      long workspace,
      long workspaceBytes,
      long stream) {
    int status;
    try {
      status =
          (int)
              matmul.invokeExact(
                  handle,
                  description,
                  alpha,
                  a,
                  aLayout,
                  b,
                  bLayout,
                  beta,
                  c,
                  cLayout,
                  c,
                  cLayout,
                  algorithm,
                  workspace,
                  workspaceBytes,
                  stream);
    } catch (Throwable e) {
      throw new CudaException("cublasLtMatmul: " + e.getMessage(), e);
    }
    check(status, "cublasLtMatmul");
  }

  private long made(MethodHandle function, String name, Object... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      Object[] all = new Object[arguments.length + 1];
      all[0] = out;
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      check((int) call(function, all), name);
      return out.get(JAVA_LONG, 0);
    }
  }

  private void check(int status, String function) {
    if (status != 0) {
      MemorySegment name = (MemorySegment) call(getStatusName, status);
      throw new CudaException(
          file()
              + ": "
              + function
              + ": expected CUBLAS_STATUS_SUCCESS, found "
              + name.reinterpret(128).getString(0));
    }
  }

  private static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new CudaException("cuBLASLt: " + e.getMessage(), e);
    }
  }
}
