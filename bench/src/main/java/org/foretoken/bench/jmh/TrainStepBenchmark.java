package org.foretoken.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.model.config.Recipe;
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

/** One training step of a model, from the batch to its losses. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TrainStepBenchmark {
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
    state.open(BenchOp.TRAIN_STEP, shape, null, recipe);
  }

  /** Frees the operands. */
  @TearDown
  public void tearDown() {
    state.close();
  }

  /** One step. */
  @Benchmark
  public long step() {
    return state.call();
  }
}
