package org.foretoken.kernels.cuda;

import java.util.HashMap;
import java.util.Map;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;

/** What the libraries keep for one device and one execution plan: handles, plans, workspace. */
final class TensorCoreContext implements LibraryContext, AutoCloseable {
  /** What NVIDIA recommends for Hopper (cuBLAS documentation, cublasSetWorkspace): 32 MiB. */
  static final long WORKSPACE_BYTES = 32L << 20;

  private record Key(MatmulKind kind, int m, int n, int k) {}

  private final CudaDriver driver;
  private final long cudaContext;
  private final long stream;
  private final Map<Key, MatmulPlan> plans = new HashMap<>();
  private CublasLt cublasLt;
  private long handle;
  private long workspace;
  private final Map<WgmmaFp8Gemm, WgmmaLauncher> wgmma = new HashMap<>();

  TensorCoreContext(CudaDriver driver, long cudaContext, long stream) {
    this.driver = driver;
    this.cudaContext = cudaContext;
    this.stream = stream;
  }

  /** The plan of a product; the first call of a shape makes it. */
  MatmulPlan plan(MatmulKind kind, int m, int n, int k) {
    driver.enter(cudaContext);
    if (cublasLt == null) {
      cublasLt =
          CublasLt.open()
              .orElseThrow(
                  () ->
                      new CudaException(
                          "cuBLASLt: expected libcublasLt.so.13 or .12 under CUDA_PATH or on the"
                              + " loader's path, found none; install CUDA 12.9 or later, or choose"
                              + " --gemm jit"));
      handle = cublasLt.create();
      workspace = driver.allocate(WORKSPACE_BYTES);
    }
    return plans.computeIfAbsent(
        new Key(kind, m, n, k),
        key -> new MatmulPlan(cublasLt, handle, kind, m, n, k, workspace, WORKSPACE_BYTES));
  }

  /** A kernel in PTX; the first call loads it. */
  WgmmaLauncher wgmma(WgmmaFp8Gemm kernel) {
    driver.enter(cudaContext);
    return wgmma.computeIfAbsent(kernel, k -> new WgmmaLauncher(driver, k));
  }

  long handle() {
    return handle;
  }

  long workspace() {
    return workspace;
  }

  long stream() {
    return stream;
  }

  @Override
  public void close() {
    driver.enter(cudaContext);
    plans.values().forEach(MatmulPlan::close);
    plans.clear();
    wgmma.values().forEach(WgmmaLauncher::close);
    wgmma.clear();
    if (cublasLt != null) {
      driver.free(workspace);
      cublasLt.destroy(handle);
    }
  }
}
