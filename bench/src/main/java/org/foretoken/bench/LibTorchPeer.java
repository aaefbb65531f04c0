package org.foretoken.bench;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * LibTorch in this JVM, on the same operands: what the host kernels are measured against.
 *
 * <p>Its FP32 products run in OpenBLAS, whose threads {@code torch.set_num_threads} does not reach,
 * and whose workers go on spinning for some tens of milliseconds after a product: a comparison has
 * to let them come to rest ({@link #rest}) before it times something else.
 */
public final class LibTorchPeer {
  /** Matrix layouts, as in the host GEMM: which operands are transposed. */
  public enum Layout {
    /** c[m, n] = a[m, k] b[n, k]^T. */
    NT,
    /** c[m, n] = a[m, k] b[k, n]. */
    NN,
    /** c[m, n] = a[k, m]^T b[k, n]. */
    TN
  }

  private static final long REST_MILLIS = 60;

  private LibTorchPeer() {}

  /** Memory that a tensor views; the segment must outlive it. */
  private static final class Address extends Pointer {
    Address(MemorySegment segment) {
      address = segment.address();
    }
  }

  /** Loads the native libraries and sets the number of threads of LibTorch and of OpenBLAS. */
  public static void start(int threads) {
    Loader.load(torch.class);
    torch.set_num_threads(threads);
    openblas_nolapack.blas_set_num_threads(threads);
  }

  /** A view of native FP32 memory as a row-major tensor. */
  static Tensor view(MemorySegment data, long... sizes) {
    return torch.from_blob(new Address(data), sizes);
  }

  /** The FP32 product of two matrices in the given layout, written to c[m, n]. */
  public static Runnable product(
      Layout layout, MemorySegment a, MemorySegment b, MemorySegment c, int m, int n, int k) {
    Tensor left = layout == Layout.TN ? view(a, k, m).t() : view(a, m, k);
    Tensor right = layout == Layout.NT ? view(b, n, k).t() : view(b, k, n);
    Tensor out = view(c, m, n);
    return () -> multiply(out, left, right);
  }

  /** The same with operands and result in bfloat16, converted beforehand and not part of it. */
  public static Runnable productBf16(
      Layout layout, MemorySegment a, MemorySegment b, int m, int n, int k) {
    torch.ScalarType bf16 = torch.ScalarType.BFloat16;
    Tensor storedA = (layout == Layout.TN ? view(a, k, m) : view(a, m, k)).toType(bf16);
    Tensor storedB = (layout == Layout.NT ? view(b, n, k) : view(b, k, n)).toType(bf16);
    Tensor left = layout == Layout.TN ? storedA.t() : storedA;
    Tensor right = layout == Layout.NT ? storedB.t() : storedB;
    Tensor out = torch.mm(left, right);
    return () -> multiply(out, left, right);
  }

  private static void multiply(Tensor out, Tensor left, Tensor right) {
    try (AutoGradMode off = new AutoGradMode(false)) {
      torch.mm_out(out, left, right).close();
    }
  }

  /** Lets the spinning workers of the last product come to rest. */
  public static void rest() {
    try {
      Thread.sleep(REST_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
