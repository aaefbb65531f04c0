package org.foretoken.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.foretoken.fp8.Formats;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Tensor;

/** What an operand of an {@link OperationCase} holds: a function of its place and a seed. */
@FunctionalInterface
interface SeededData {
  /**
   * The value of element {@code index}; ids for I32, and rounded to the tensor's type otherwise.
   */
  double value(long index, RandomGenerator random);

  /** Normally distributed with mean 0. */
  static SeededData normal(double deviation) {
    return (index, random) -> deviation * random.nextGaussian();
  }

  /** Uniform between two bounds. */
  static SeededData uniform(double low, double high) {
    return (index, random) -> low + (high - low) * random.nextDouble();
  }

  /** Positive scales over four binades. */
  static SeededData scales() {
    return (index, random) -> Math.scalb(1 + random.nextDouble(), random.nextInt(4) - 8);
  }

  /** These very values, from the start again where there are more elements. */
  static SeededData constants(double... values) {
    return (index, random) -> values[(int) (index % values.length)];
  }

  /** These very integers. */
  static SeededData integers(int... values) {
    return (index, random) -> values[(int) index];
  }

  /**
   * What quantizers have to get right in a matrix of {@code columns} columns: activations with
   * outliers, tiles of nothing but zeros, negative zeros, ties, subnormals and rows of very
   * different size.
   */
  static SeededData hostile(int columns) {
    return (index, random) -> {
      double draw = random.nextDouble();
      double normal = random.nextGaussian();
      long row = index / columns;
      long tile = row / 128 * 7 + index % columns / 128;
      if (tile % 5 == 3) {
        return draw < 0.5 ? 0.0 : -0.0;
      }
      double size = Math.scalb(1.0, (int) (row * 11 % 60) - 30);
      if (draw < 0.01) {
        return 300 * size * normal;
      }
      if (draw < 0.05) {
        return Float.MIN_VALUE * Math.rint(1000 * normal);
      }
      if (draw < 0.15) {
        return size * Math.rint(16 * normal) / 16;
      }
      return draw < 0.2 ? -0.0 : size * normal;
    };
  }

  /** Writes all elements of {@code tensor} to {@code target} in the tensor's own type. */
  default void fill(Tensor tensor, MemorySegment target, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    DType dtype = tensor.dtype();
    long elements = tensor.shape().elements();
    for (long i = 0; i < elements; i++) {
      double value = value(i, random);
      float real = (float) value;
      switch (dtype) {
        case F32 -> target.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, real);
        case BF16 -> target.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, Bf16.encode(real));
        case E4M3 -> target.set(ValueLayout.JAVA_BYTE, i, E4M3.encode(real));
        case E5M2 -> target.set(ValueLayout.JAVA_BYTE, i, E5M2.encode(real));
        case E5M6 ->
            target.setAtIndex(
                ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) Formats.E5M6.encode(value));
        case I32 -> target.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, (int) value);
      }
    }
  }
}
