package org.foretoken.bench.torch;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
 *
 * <p>OpenMP's threads, which carry out the other operations, would spin as well, and both teams
 * together are more than the processors: the launcher asks OpenMP to let its threads sleep, and the
 * C library to keep the memory of temporaries (docs/BENCHMARKS.md, "Method").
 */
public final class LibTorch {
  private static final long REST_MILLIS = 60;
  private static final int TRIALS = 3;

  private LibTorch() {}

  /** Memory that a tensor views; the segment must outlive it. */
  private static final class Address extends Pointer {
    Address(MemorySegment segment) {
      address = segment.address();
    }
  }

  /**
   * Loads the native libraries and sets the number of threads of LibTorch and of OpenBLAS.
   *
   * <p>JavaCPP would otherwise read the size of the process from the kernel for each tensor that is
   * made, to compare it with a limit; that costs more than a small operation.
   */
  public static void start(int threads) {
    System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    System.setProperty("org.bytedeco.javacpp.maxBytes", "0");
    Loader.load(torch.class);
    threads(threads, threads);
  }

  private static void threads(int operations, int products) {
    torch.set_num_threads(operations);
    openblas_nolapack.blas_set_num_threads(products);
  }

  /**
   * Sets the number of threads with which {@code work} is the fastest: as many as ours, or one for
   * what LibTorch or OpenBLAS does or for both. Handing a small operation over takes longer than
   * the operation.
   */
  public static void fastest(int threads, Runnable work) {
    int[][] choices = {{threads, threads}, {1, threads}, {threads, 1}, {1, 1}};
    long[] least = new long[choices.length];
    Arrays.fill(least, Long.MAX_VALUE);
    for (int trial = 0; threads > 1 && trial < TRIALS; trial++) {
      for (int i = 0; i < choices.length; i++) {
        threads(choices[i][0], choices[i][1]);
        work.run(); // the threads of the choice before come to rest meanwhile
        long start = System.nanoTime();
        work.run();
        least[i] = Math.min(least[i], System.nanoTime() - start);
      }
    }
    int best = 0;
    for (int i = 1; i < choices.length; i++) {
      best = least[i] < least[best] ? i : best;
    }
    threads(choices[best][0], choices[best][1]);
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
