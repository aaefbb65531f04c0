package org.foretoken.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.foretoken.bench.suite.BenchOp;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Output head with cross-entropy and their gradients. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CrossEntropyBenchmark {
  /** Rows, vocabulary, width. */
  @Param({"1024x256x128", "1024x8192x256"})
  public String shape;

  private final CaseState state = new CaseState();

  /** Operands, and the check of the value. */
  @Setup
  public void setUp() {
    state.open(BenchOp.CROSS_ENTROPY_HEAD, shape, null, null);
  }

  /** Frees the operands. */
  @TearDown
  public void tearDown() {
    state.close();
  }

  /** One batch of rows. */
  @Benchmark
  public long head() {
    return state.call();
  }
}
