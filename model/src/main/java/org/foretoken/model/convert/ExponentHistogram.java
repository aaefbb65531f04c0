package org.foretoken.model.convert;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.Format;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.TensorInfo;

/**
 * How many values of a tensor have which binary exponent floor(log2 |x|), subnormal ones too;
 * zeros, infinities and NaNs apart.
 */
public final class ExponentHistogram {
  /** The smallest exponent that is told apart: that of the smallest FP32 subnormal. */
  public static final int SMALLEST = -149;

  /** The largest exponent of a finite FP32. */
  public static final int LARGEST = 127;

  private static final int CHUNK = 1 << 16;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

  private final long[] counts = new long[LARGEST - SMALLEST + 1];
  private long zeros;
  private long infinities;
  private long nans;

  /** Whether a tensor of {@code type} can be counted. */
  public static boolean supports(SafetensorsDType type) {
    return type.format() != null;
  }

  /** Adds all values of a tensor, codes without their scales. */
  public void add(HostPool pool, TensorInfo tensor, MemorySegment bytes) {
    SafetensorsDType type = tensor.dtype();
    Format format = type.format();
    float[] table = type.bits() <= 8 ? NarrowCodes.values(format) : null;
    long elements = tensor.elements();
    ExponentHistogram[] parts =
        new ExponentHistogram[Math.toIntExact(Math.ceilDiv(elements, CHUNK))];
    pool.parallelFor(
        parts.length,
        1,
        (begin, end) -> {
          for (int p = begin; p < end; p++) {
            ExponentHistogram part = new ExponentHistogram();
            long last = Math.min(elements, (p + 1L) * CHUNK);
            for (long i = (long) p * CHUNK; i < last; i++) {
              part.add(
                  table == null ? value(bytes, type, i) : table[NarrowCodes.code(bytes, type, i)]);
            }
            parts[p] = part;
          }
        });
    for (ExponentHistogram part : parts) {
      merge(part);
    }
  }

  private static float value(MemorySegment bytes, SafetensorsDType type, long i) {
    return switch (type) {
      case BF16 -> Bf16.decode(bytes.get(SHORT, 2 * i));
      case F16 -> Float.float16ToFloat(bytes.get(SHORT, 2 * i));
      default -> bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
    };
  }

  private void add(float value) {
    if (value == 0) {
      zeros++;
    } else if (Float.isNaN(value)) {
      nans++;
    } else if (Float.isInfinite(value)) {
      infinities++;
    } else {
      counts[Math.getExponent((double) value) - SMALLEST]++; // a double has no such subnormals
    }
  }

  private void merge(ExponentHistogram other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    zeros += other.zeros;
    infinities += other.infinities;
    nans += other.nans;
  }

  /** Values with that exponent. */
  public long count(int exponent) {
    return counts[exponent - SMALLEST];
  }

  /** Values that are zero. */
  public long zeros() {
    return zeros;
  }

  /** Values that are infinite. */
  public long infinities() {
    return infinities;
  }

  /** Values that are NaN. */
  public long nans() {
    return nans;
  }

  /** Values of all kinds. */
  public long total() {
    long total = zeros + infinities + nans;
    for (long count : counts) {
      total += count;
    }
    return total;
  }
}
