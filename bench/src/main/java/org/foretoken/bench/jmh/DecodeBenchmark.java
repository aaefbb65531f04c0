package org.foretoken.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.model.config.Recipe;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Greedy decoding of 64 tokens after a prompt of 64, whose reading counts here. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@OperationsPerInvocation(64)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class DecodeBenchmark {
  /** Precision recipe. */
  @Param({"FP32", "BF16", "DEEPSEEK"})
  public Recipe recipe;

  /** Preset and settings. */
  @Param("tiny")
  public String shape;

  private final CaseState state = new CaseState();

  /** Operands, and the check of the value. */
  @Setup
  public void setUp() {
    state.open(BenchOp.DECODE, shape, null, recipe);
  }

  /** Frees the operands. */
  @TearDown
  public void tearDown() {
    state.close();
  }

  /** One token, and a 64th of reading the prompt. */
  @Benchmark
  public long token() {
    return state.call();
  }
}
