package org.foretoken.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** {@link WgmmaFp8Gemm} in the context of one device. */
final class WgmmaLauncher implements AutoCloseable {
  private static final int PARAMETERS = 9;

  private final CudaDriver driver;
  private final WgmmaFp8Gemm kernel;
  private final int workGroups;
  private final long module;
  private final long function;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment aMap = arena.allocate(CudaDriver.TENSOR_MAP_BYTES, 64);
  private final MemorySegment bMap = arena.allocate(CudaDriver.TENSOR_MAP_BYTES, 64);
  private final MemorySegment values = arena.allocate(8L * PARAMETERS, 8);
  private final MemorySegment pointers = arena.allocate(ADDRESS, PARAMETERS);

  /** Assembles and loads a kernel. */
  WgmmaLauncher(CudaDriver driver, WgmmaFp8Gemm kernel) {
    this.driver = driver;
    this.kernel = kernel;
    // One work group takes the shared memory of a multiprocessor.
    workGroups = driver.multiprocessors() / kernel.cluster() * kernel.cluster();
    module = driver.loadModule(kernel.ptx());
    function = driver.function(module, kernel.kernelName(), WgmmaFp8Gemm.SHARED_BYTES);
    pointers.setAtIndex(ADDRESS, 0, aMap);
    pointers.setAtIndex(ADDRESS, 1, bMap);
    for (int i = 2; i < PARAMETERS; i++) {
      pointers.setAtIndex(ADDRESS, i, values.asSlice(8L * i, 8));
    }
  }

  /** Puts c (+)= a b^T on a stream; addresses are the device's. */
  void run(
      long a,
      long aScales,
      long b,
      long bScales,
      long c,
      int m,
      int n,
      int k,
      boolean accumulate,
      long stream) {
    driver.tensorMap(aMap, a, m, k, WgmmaFp8Gemm.TILE);
    driver.tensorMap(bMap, b, n, k, kernel.boxRowsOfB());
    values.setAtIndex(JAVA_LONG, 2, aScales);
    values.setAtIndex(JAVA_LONG, 3, bScales);
    values.setAtIndex(JAVA_LONG, 4, c);
    values.set(JAVA_INT, 8 * 5, m);
    values.set(JAVA_INT, 8 * 6, n);
    values.set(JAVA_INT, 8 * 7, k);
    values.set(JAVA_INT, 8 * 8, accumulate ? 1 : 0);
    long tiles = (long) Math.ceilDiv(n, WgmmaFp8Gemm.TILE) * kernel.tilesDown(m);
    driver.launch(
        function,
        (int) Math.min(tiles, workGroups),
        1,
        WgmmaFp8Gemm.THREADS,
        WgmmaFp8Gemm.SHARED_BYTES,
        stream,
        pointers);
  }

  @Override
  public void close() {
    driver.unloadModule(module);
    arena.close();
  }
}
