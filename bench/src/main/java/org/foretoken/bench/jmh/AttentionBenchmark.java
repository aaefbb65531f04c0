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

/** Causal attention and its gradient. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AttentionBenchmark {
  /** Forward or backward. */
  @Param({"ATTENTION", "ATTENTION_GRAD"})
  public BenchOp op;

  /** Tokens, heads, width of a head. */
  @Param({"256x4x32", "1024x4x32"})
  public String shape;

  private final CaseState state = new CaseState();

  /** Operands, and the check of the value. */
  @Setup
  public void setUp() {
    state.open(op, shape, null, null);
  }

  /** Frees the operands. */
  @TearDown
  public void tearDown() {
    state.close();
  }

  /** One pass over all heads. */
  @Benchmark
  public long attention() {
    return state.call();
  }
}
