package org.foretoken.bench.work;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Elements;
import org.foretoken.kernels.graph.Tensor;

/**
 * What an operand holds: bell-shaped values, a function of the tensor's name and the element's
 * place, so that a tensor with fewer rows holds the first rows of one with more.
 *
 * @param mean of the values
 * @param deviation standard deviation
 * @param whole for integers: values 0 to {@code whole - 1}, evenly; 0 for the bell
 */
record Fill(double mean, double deviation, int whole) {
  private static final int BITS = 21;
  private static final double UNIFORM = 0x1p-21;

  static Fill normal(double deviation) {
    return new Fill(0, deviation, 0);
  }

  /** Positive values around a mean. */
  static Fill around(double mean) {
    return new Fill(mean, mean / 8, 0);
  }

  static Fill constant(double value) {
    return new Fill(value, 0, 0);
  }

  /** Integers from 0 to {@code bound - 1}. */
  static Fill integers(int bound) {
    return new Fill(0, 0, bound);
  }

  /** Fills a resident tensor of a backend. */
  void upload(Backend backend, Tensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(Math.max(1, tensor.bytes()), 64);
      fill(tensor, segment);
      backend.upload(tensor.name(), segment.asSlice(0, tensor.bytes()));
    }
  }

  /** Writes all elements. */
  void fill(Tensor tensor, MemorySegment target) {
    SplittableRandom random = new SplittableRandom(tensor.name().hashCode());
    long n = tensor.shape().elements();
    for (long i = 0; i < n; i++) {
      double value = whole > 0 ? random.nextInt(whole) : mean + deviation * bell(random);
      Elements.set(tensor.dtype(), target, i, value);
    }
  }

  /** The sum of three uniform draws, centred and scaled to variance 1: within 3 of 0. */
  private static double bell(SplittableRandom random) {
    long bits = random.nextLong();
    long mask = (1L << BITS) - 1;
    long sum = (bits & mask) + (bits >>> BITS & mask) + (bits >>> 2 * BITS & mask);
    return 2 * (sum * UNIFORM - 1.5);
  }
}
