package org.foretoken.bench.work;

import java.nio.file.Path;
import java.util.Optional;
import org.foretoken.bench.suite.SuiteCase;

/** Opens the work of a case. */
public final class Workloads {
  private Workloads() {}

  /**
   * Allocates and fills what a case needs.
   *
   * @param checkpoint trained weights for the decoding cases, instead of the initial ones
   * @throws org.foretoken.bench.measure.NotMeasured where this machine cannot run it
   */
  public static Workload open(SuiteCase c, Optional<Path> checkpoint) {
    return switch (c.op()) {
      case FP32_GEMM, BF16_GEMM, FP8_GEMM -> new GemmWork(c);
      case TRAIN_STEP -> new TrainStepWork(c);
      case DECODE, SPECULATIVE_DECODE, ACCEPTED_DECODE -> new DecodeWork(c, checkpoint);
      default -> new OpWork(c);
    };
  }
}
