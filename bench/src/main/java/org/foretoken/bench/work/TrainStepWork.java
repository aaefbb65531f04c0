package org.foretoken.bench.work;

import org.foretoken.bench.measure.CheckFailure;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.python.PythonModel;
import org.foretoken.bench.suite.Peer;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.bench.torch.LibTorch;
import org.foretoken.bench.torch.TorchTraining;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.data.Batch;

/**
 * Training steps: batch in, forward, backward, gradient clipping, AdamW, losses out.
 *
 * <p>The check trains the same model for two steps of a short batch in double precision; a peer has
 * to have the losses of ours for its first steps on the timed batch.
 */
final class TrainStepWork implements Workload {
  private static final int CHECKED_TOKENS = 24;
  private static final int CHECKED_STEPS = 2;
  private static final int PEER_STEPS = 3;
  private static final double TOLERANCE = 2e-4;
  private static final double ROUNDED_TOLERANCE = 5e-3;

  private final SuiteCase benchCase;
  private final ModelCase model;
  private final Places place;
  private final Batch batch;
  private final StepRunner runner;
  private final double[] losses = new double[PEER_STEPS];

  TrainStepWork(SuiteCase benchCase) {
    this.benchCase = benchCase;
    model = ModelCase.of(benchCase);
    batch = model.batch(model.train().batchSize(), model.train().sequenceLength());
    place = Places.open(benchCase);
    try {
      runner = new StepRunner(model, place.backend(), batch);
    } catch (RuntimeException | OutOfMemoryError e) {
      close();
      throw e;
    }
  }

  private boolean fp32() {
    return benchCase.recipe().orElseThrow() == Recipe.FP32;
  }

  @Override
  public void check() {
    Batch few = model.batch(1, Math.min(CHECKED_TOKENS, model.train().sequenceLength()));
    try (Backend reference = new ReferenceBackend();
        Places tested = Places.open(benchCase)) {
      StepRunner expected = new StepRunner(model, reference, few);
      StepRunner actual = new StepRunner(model, tested.backend(), few);
      for (int i = 0; i < CHECKED_STEPS; i++) {
        // In FP8, values on a rounding boundary may fall on either side of it.
        compare(
            "step " + (i + 1),
            expected.step(),
            actual.step(),
            fp32() ? TOLERANCE : ROUNDED_TOLERANCE);
      }
    }
    for (int i = 0; i < PEER_STEPS; i++) {
      losses[i] = runner.step();
    }
  }

  private static void compare(String what, double expected, double found, double tolerance) {
    if (!(Math.abs(found - expected) <= tolerance * Math.abs(expected))) {
      throw new CheckFailure(
          what
              + ": expected a loss of "
              + expected
              + " within "
              + tolerance
              + " of it, found "
              + found);
    }
  }

  @Override
  public Side ours() {
    return Side.of(runner::step);
  }

  @Override
  public Side peer(Peer peer) {
    return switch (peer) {
      case LIBTORCH, LIBTORCH_BF16 -> {
        LibTorch.start(place.pool().threads());
        boolean bf16 = peer == Peer.LIBTORCH_BF16;
        TorchTraining training = torch(bf16);
        for (int i = 0; i < PEER_STEPS; i++) {
          compare(
              peer.label() + ", step " + (i + 1) + " against ours",
              losses[i],
              training.step(),
              fp32() && !bf16 ? TOLERANCE : 4 * ROUNDED_TOLERANCE);
        }
        LibTorch.fastest(place.pool().threads(), training::step);
        yield Side.of(training::step, LibTorch::rest);
      }
      case TORCH_FP32, TORCH_BF16 -> PythonModel.trainStep(peer.label(), model.run());
      default -> throw new NotMeasured(peer.label() + " has no training step");
    };
  }

  private TorchTraining torch(boolean bf16) {
    return new TorchTraining(
        model.model(),
        model.layout(),
        model.train(),
        batch,
        bf16,
        new TorchTraining.Optimizer(
            StepRunner.LEARNING_RATE,
            StepRunner.BETA1,
            StepRunner.BETA2,
            StepRunner.EPSILON,
            StepRunner.WEIGHT_DECAY,
            StepRunner.CLIP));
  }

  @Override
  public double flop() {
    return runner.graph().nodes().stream().mapToDouble(this::flop).sum();
  }

  /** Attention is causal within each sequence of the batch. */
  private double flop(org.foretoken.kernels.graph.Node node) {
    double flop = NodeCost.flop(node);
    return switch (node.op()) {
      case org.foretoken.kernels.op.Attention _ -> flop / model.train().batchSize();
      case org.foretoken.kernels.op.AttentionGrad _ -> flop / model.train().batchSize();
      default -> flop;
    };
  }

  @Override
  public double bytes() {
    return 0;
  }

  @Override
  public String unit() {
    return "step";
  }

  @Override
  public void close() {
    place.close();
  }
}
