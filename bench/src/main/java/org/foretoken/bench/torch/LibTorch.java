package org.foretoken.bench.torch;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * The library itself.
 *
 * <p>Its FP32 products run in OpenBLAS, whose threads {@code torch.set_num_threads} does not reach,
 * and whose workers go on spinning for some tens of milliseconds after a product: a comparison has
 * to let them come to rest ({@link #rest}) before it times something else.
 */
public final class LibTorch {
  private static final long REST_MILLIS = 60;

  private LibTorch() {}

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

  /** A copy of integers as a tensor of 64-bit integers, as indices have to be. */
  static Tensor indices(int... values) {
    long[] wide = new long[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    TensorOptions longs = new TensorOptions().dtype(new ScalarTypeOptional(torch.ScalarType.Long));
    return torch.tensor(wide, longs);
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
