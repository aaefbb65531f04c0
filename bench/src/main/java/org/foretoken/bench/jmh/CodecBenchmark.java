package org.foretoken.bench.jmh;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.foretoken.fp8.Formats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Nanoseconds of a value through the scalar codecs, checked against the general format. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(CodecBenchmark.VALUES)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CodecBenchmark {
  static final int VALUES = 4096;

  private final float[] values = new float[VALUES];
  private final byte[] codes = new byte[VALUES];

  /** Values over the whole range of the formats, and the check. */
  @Setup
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < VALUES; i++) {
      values[i] = (float) Math.scalb(random.nextGaussian(), random.nextInt(-10, 9));
      codes[i] = (byte) i;
      require("E4M3", E4M3.encode(values[i]), Formats.E4M3.encode(values[i]));
      require("E5M2", E5M2.encode(values[i]), Formats.E5M2.encode(values[i]));
    }
  }

  private static void require(String format, byte found, int expected) {
    if ((found & 0xFF) != (expected & 0xFF)) {
      throw new IllegalStateException(
          format + ": expected code " + (expected & 0xFF) + ", found " + (found & 0xFF));
    }
  }

  /** FP32 to E4M3. */
  @Benchmark
  public int encodeE4m3() {
    int sum = 0;
    for (float v : values) {
      sum += E4M3.encode(v);
    }
    return sum;
  }

  /** E4M3 to FP32. */
  @Benchmark
  public float decodeE4m3() {
    float sum = 0;
    for (byte c : codes) {
      sum += E4M3.decode(c);
    }
    return sum;
  }

  /** FP32 to E5M2. */
  @Benchmark
  public int encodeE5m2() {
    int sum = 0;
    for (float v : values) {
      sum += E5M2.encode(v);
    }
    return sum;
  }

  /** E5M2 to FP32. */
  @Benchmark
  public float decodeE5m2() {
    float sum = 0;
    for (byte c : codes) {
      sum += E5M2.decode(c);
    }
    return sum;
  }
}
