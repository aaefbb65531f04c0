package org.foretoken.kernels.cuda;

import java.util.HashMap;
import java.util.Map;

/**
 * Which products cuBLASLt has an algorithm for, asked before a graph is built: its heuristic alone
 * knows. Opened once, for the first device.
 */
public final class CublasLtAlgorithms {
  private record Key(MatmulKind kind, int m, int n, int k) {}

  private static CublasLtAlgorithms opened;

  private final CudaDriver driver;
  private final CublasLt library;
  private final Map<Key, Boolean> answers = new HashMap<>();
  private long handle;
  private long scratch;

  private CublasLtAlgorithms(CudaDriver driver, CublasLt library) {
    this.driver = driver;
    this.library = library;
    driver.inContext(
        () -> {
          handle = library.create();
          scratch = driver.allocate(256);
        });
  }

  /**
   * Whether there is an algorithm for an FP8 product c [m,n] = a [m,k] b [n,k]^T.
   *
   * @param tiles whether b comes in 1x128 tiles like a, instead of 128x128 blocks
   * @throws CudaException where there is no driver or no library
   */
  public static synchronized boolean forFp8(boolean tiles, int m, int n, int k) {
    if (opened == null) {
      opened =
          new CublasLtAlgorithms(
              CudaDriver.open().orElseThrow(() -> new CudaException("no CUDA driver")),
              CublasLt.open().orElseThrow(() -> new CudaException("no cuBLASLt")));
    }
    MatmulKind kind = tiles ? MatmulKind.FP8_TILE_TILE : MatmulKind.FP8_TILE_BLOCK;
    return opened.has(new Key(kind, m, n, k));
  }

  private boolean has(Key key) {
    if (!answers.containsKey(key)) {
      driver.inContext(() -> answers.put(key, ask(key)));
    }
    return answers.get(key);
  }

  private boolean ask(Key key) {
    try (MatmulPlan plan =
        new MatmulPlan(
            library,
            handle,
            key.kind,
            key.m,
            key.n,
            key.k,
            scratch,
            TensorCoreContext.WORKSPACE_BYTES)) {
      return plan.workspaceBytes() >= 0;
    } catch (CudaException e) {
      return false; // which is the answer
    }
  }
}
