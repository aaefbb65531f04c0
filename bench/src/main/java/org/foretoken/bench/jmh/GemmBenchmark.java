package org.foretoken.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.bench.suite.Pass;
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

/** Products of a linear layer in three number formats and three passes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class GemmBenchmark {
  /** Number format. */
  @Param({"FP32_GEMM", "BF16_GEMM", "FP8_GEMM"})
  public BenchOp op;

  /** Which product of a linear layer. */
  @Param({"FPROP", "DGRAD", "WGRAD"})
  public Pass pass;

  /** m, n and k of y[m, n] = x[m, k] w[n, k]^T. */
  @Param({"1024x384x128", "1024x1024x1024"})
  public String shape;

  private final CaseState state = new CaseState();

  /** Operands, and the check of the value. */
  @Setup
  public void setUp() {
    state.open(op, shape, pass, null);
  }

  /** Frees the operands. */
  @TearDown
  public void tearDown() {
    state.close();
  }

  /** One product. */
  @Benchmark
  public long product() {
    return state.call();
  }
}
