package org.foretoken.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The functions of the CUDA driver that a kernel in PTX takes, as {@code cuda.h} declares them.
 * Each throws a {@link CudaException} that names the function and the driver's error.
 */
final class CudaDriver {
  // CUdevice_attribute
  static final int ATTRIBUTE_MULTIPROCESSOR_COUNT = 16;
  static final int ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75;
  static final int ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76;
  // CUfunction_attribute
  static final int FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
  // CUtensorMapDataType, ...Interleave, ...Swizzle, ...L2promotion, ...FloatOOBfill
  static final int TENSOR_MAP_UINT8 = 0;
  static final int TENSOR_MAP_INTERLEAVE_NONE = 0;
  static final int TENSOR_MAP_SWIZZLE_128B = 3;
  static final int TENSOR_MAP_L2_PROMOTION_256B = 3;
  static final int TENSOR_MAP_OOB_ZERO = 0;

  /** Bytes of a {@code CUtensorMap}, which is aligned to as many as 64. */
  static final int TENSOR_MAP_BYTES = 128;

  private final NativeLibrary library;
  private final MethodHandle getErrorName;
  private final MethodHandle ctxSetCurrent;
  private final MethodHandle ctxGetCurrent;
  private final MethodHandle init;
  private final MethodHandle deviceGet;
  private final MethodHandle deviceGetAttribute;
  private final MethodHandle memAlloc;
  private final MethodHandle memFree;
  private final MethodHandle moduleLoadData;
  private final MethodHandle moduleUnload;
  private final MethodHandle moduleGetFunction;
  private final MethodHandle funcSetAttribute;
  private final MethodHandle launchKernel;
  private final MethodHandle tensorMapEncodeTiled;

  private CudaDriver(NativeLibrary library) {
    this.library = library;
    getErrorName = status("cuGetErrorName", JAVA_INT, ADDRESS);
    ctxSetCurrent = status("cuCtxSetCurrent", JAVA_LONG);
    ctxGetCurrent = status("cuCtxGetCurrent", ADDRESS);
    init = status("cuInit", JAVA_INT);
    deviceGet = status("cuDeviceGet", ADDRESS, JAVA_INT);
    deviceGetAttribute = status("cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
    memAlloc = status("cuMemAlloc_v2", ADDRESS, JAVA_LONG);
    memFree = status("cuMemFree_v2", JAVA_LONG);
    moduleLoadData = status("cuModuleLoadData", ADDRESS, ADDRESS);
    moduleUnload = status("cuModuleUnload", JAVA_LONG);
    moduleGetFunction = status("cuModuleGetFunction", ADDRESS, JAVA_LONG, ADDRESS);
    funcSetAttribute = status("cuFuncSetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);
    launchKernel =
        status(
            "cuLaunchKernel",
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_LONG,
            ADDRESS,
            ADDRESS);
    tensorMapEncodeTiled =
        status(
            "cuTensorMapEncodeTiled",
            ADDRESS,
            JAVA_INT,
            JAVA_INT,
            JAVA_LONG,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT);
  }

  private MethodHandle status(String name, MemoryLayout... arguments) {
    return library.function(name, FunctionDescriptor.of(JAVA_INT, arguments));
  }

  /** The driver, where there is one. */
  static Optional<CudaDriver> open() {
    return NativeLibrary.find("libcuda.so.1").map(CudaDriver::new);
  }

  /** Makes a context the calling thread's; 0 leaves it as it is. */
  void enter(long context) {
    if (context != 0) {
      check("cuCtxSetCurrent", call(ctxSetCurrent, context));
    }
  }

  /** Runs something in the calling thread's context, or in the first device's primary one. */
  void inContext(Runnable work) {
    try (Arena arena = Arena.ofConfined()) {
      check("cuInit", call(init, 0));
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuCtxGetCurrent", call(ctxGetCurrent, out));
      long former = out.get(JAVA_LONG, 0);
      if (former == 0) {
        check("cuDeviceGet", call(deviceGet, out, 0));
        MethodHandle retain = status("cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
        check("cuDevicePrimaryCtxRetain", call(retain, out, out.get(JAVA_INT, 0)));
        check("cuCtxSetCurrent", call(ctxSetCurrent, out.get(JAVA_LONG, 0)));
      }
      try {
        work.run();
      } finally {
        check("cuCtxSetCurrent", call(ctxSetCurrent, former));
      }
    }
  }

  /** Compute capability of the first device, major * 10 + minor. */
  int computeCapability() {
    try (Arena arena = Arena.ofConfined()) {
      check("cuInit", call(init, 0));
      MemorySegment out = arena.allocate(JAVA_INT);
      check("cuDeviceGet", call(deviceGet, out, 0));
      int device = out.get(JAVA_INT, 0);
      return attribute(out, ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device) * 10
          + attribute(out, ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
    }
  }

  /** Multiprocessors of the first device. */
  int multiprocessors() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_INT);
      check("cuDeviceGet", call(deviceGet, out, 0));
      return attribute(out, ATTRIBUTE_MULTIPROCESSOR_COUNT, out.get(JAVA_INT, 0));
    }
  }

  private int attribute(MemorySegment out, int attribute, int device) {
    check("cuDeviceGetAttribute", call(deviceGetAttribute, out, attribute, device));
    return out.get(JAVA_INT, 0);
  }

  /** Allocates device memory. */
  long allocate(long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuMemAlloc of " + bytes + " bytes", call(memAlloc, out, bytes));
      return out.get(JAVA_LONG, 0);
    }
  }

  void free(long address) {
    check("cuMemFree", call(memFree, address));
  }

  /** Loads PTX, which the driver assembles for its device. */
  long loadModule(String ptx) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuModuleLoadData", call(moduleLoadData, out, arena.allocateFrom(ptx)));
      return out.get(JAVA_LONG, 0);
    }
  }

  void unloadModule(long module) {
    check("cuModuleUnload", call(moduleUnload, module));
  }

  /** A kernel of a module, allowed {@code sharedBytes} of dynamic shared memory. */
  long function(long module, String name, int sharedBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check(
          "cuModuleGetFunction " + name,
          call(moduleGetFunction, out, module, arena.allocateFrom(name)));
      long function = out.get(JAVA_LONG, 0);
      check(
          "cuFuncSetAttribute " + name,
          call(funcSetAttribute, function, FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes));
      return function;
    }
  }

  /**
   * Describes a row-major matrix of bytes to the copy engine: boxes of {@code boxRows} x 128 bytes,
   * swizzled over 128 bytes, zeros outside the matrix.
   *
   * @param map {@link #TENSOR_MAP_BYTES} bytes that receive the description
   * @param address of the matrix; a multiple of 16
   * @param columns bytes of a row; a multiple of 16
   */
  void tensorMap(MemorySegment map, long address, long rows, long columns, int boxRows) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment extents = arena.allocateFrom(JAVA_LONG, columns, rows);
      MemorySegment strides = arena.allocateFrom(JAVA_LONG, columns);
      MemorySegment box = arena.allocateFrom(JAVA_INT, 128, boxRows);
      MemorySegment steps = arena.allocateFrom(JAVA_INT, 1, 1);
      check(
          "cuTensorMapEncodeTiled of " + rows + " x " + columns,
          call(
              tensorMapEncodeTiled,
              map,
              TENSOR_MAP_UINT8,
              2,
              address,
              extents,
              strides,
              box,
              steps,
              TENSOR_MAP_INTERLEAVE_NONE,
              TENSOR_MAP_SWIZZLE_128B,
              TENSOR_MAP_L2_PROMOTION_256B,
              TENSOR_MAP_OOB_ZERO));
    }
  }

  /**
   * Launches a kernel on a stream.
   *
   * @param arguments array of addresses of the arguments
   */
  void launch(
      long function,
      int gridX,
      int gridY,
      int threads,
      int sharedBytes,
      long stream,
      MemorySegment arguments) {
    check(
        "cuLaunchKernel",
        call(
            launchKernel,
            function,
            gridX,
            gridY,
            1,
            threads,
            1,
            1,
            sharedBytes,
            stream,
            arguments,
            MemorySegment.NULL));
  }

  private void check(String function, int status) {
    if (status == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      String name =
          call(getErrorName, status, out) == 0
              ? out.get(ADDRESS, 0).reinterpret(128).getString(0)
              : "error " + status;
      throw new CudaException(
          library.file() + ": " + function + ": expected CUDA_SUCCESS, found " + name);
    }
  }

  private static int call(MethodHandle function, Object... arguments) {
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new CudaException("CUDA driver: " + e.getMessage(), e);
    }
  }
}
