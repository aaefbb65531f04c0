package org.foretoken.bench.work;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.foretoken.bench.measure.CheckFailure;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.bench.suite.Peer;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.bench.torch.LibTorch;
import org.foretoken.bench.torch.TorchDecoder;
import org.foretoken.cli.text.TokenText;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.decode.GenerateOptions;
import org.foretoken.model.decode.Generation;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.mtp.MtpForward;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainCheckpoint;

/**
 * Greedy decoding with caches, time after the prompt has been read.
 *
 * <p>Untrained modules draft in vain, so without a checkpoint speculative decoding is timed by the
 * step, which says what a step with drafts costs; with one it is timed by the token. {@link
 * RepeatingWeights} bound what drafts can gain from above: there, each is accepted.
 *
 * <p>The check holds the tokens that cached decoding chose to the logits of the whole sequence.
 */
final class DecodeWork implements Workload {
  private static final int TOKENS = 64;
  private static final int PROMPT = 64;
  private static final int CHECKED = 16;
  private static final String PROMPT_TEXT =
      "    /**\n     * Returns the number of elements in this list.\n     */\n    public int size() {";

  private final SuiteCase benchCase;
  private final RunConfig run;
  private final PrecisionTable precision;
  private final boolean trained;
  private final boolean bound; // weights with which every draft is accepted
  private final Places place;
  private final Generator generator;
  private final int[] prompt;
  private final int drafts;
  private final ModelLayout layout;

  DecodeWork(SuiteCase benchCase, Optional<Path> checkpoint) {
    this.benchCase = benchCase;
    trained = checkpoint.isPresent();
    run = checkpoint.map(TrainCheckpoint::config).orElseGet(() -> ModelCase.of(benchCase).run());
    layout = ModelLayout.of(run.model());
    precision = PrecisionTable.of(benchCase.recipe().orElseThrow());
    boolean speculative = benchCase.op() != BenchOp.DECODE;
    bound = benchCase.op() == BenchOp.ACCEPTED_DECODE;
    if (bound && trained) {
      throw new NotMeasured("it makes its own weights; leave --checkpoint out");
    }
    drafts = speculative ? run.model().mtpDepth() : 0;
    if (speculative && drafts == 0) {
      throw new NotMeasured("the model has no MTP module that could draft");
    }
    prompt =
        trained
            ? TokenText.tokens(PROMPT_TEXT)
            : ModelCase.randomTokens(PROMPT, run.model().vocabSize());
    place = Places.open(benchCase);
    try {
      upload(checkpoint);
      generator = new Generator(place.backend(), run.model(), precision, prompt.length + TOKENS);
    } catch (RuntimeException | OutOfMemoryError e) {
      close();
      throw e;
    }
  }

  private void upload(Optional<Path> checkpoint) {
    Graph weights = new Graph("weights");
    for (ParameterSpec spec : layout.tensors().toList()) {
      weights.declare(spec.name(), DType.F32, spec.role(), spec.shape().dims());
    }
    place.backend().compile(weights);
    if (checkpoint.isPresent()) {
      TrainCheckpoint.restoreWeights(checkpoint.get(), place.backend(), layout);
    } else {
      ParameterInit.upload(place.backend(), run.model(), layout, run.train().seed());
      if (bound) {
        RepeatingWeights.upload(place.backend(), run.model(), layout, run.train().seed());
      }
    }
  }

  private Generation generate(int drafts) {
    return generator.generate(prompt, new GenerateOptions(TOKENS, drafts, 0, 1, -1));
  }

  @Override
  public void check() {
    Generation generation = generate(drafts);
    if (bound && generation.accepted() < generation.checks().size()) {
      throw new CheckFailure(
          "drafts: expected all "
              + generation.checks().size()
              + " to be accepted, found "
              + generation.accepted());
    }
    int[] written = Arrays.copyOf(generation.tokens(), CHECKED);
    int[] all = Arrays.copyOf(prompt, prompt.length + CHECKED);
    System.arraycopy(written, 0, all, prompt.length, CHECKED);
    MtpForward forward = new MtpForward(place.backend(), run.model(), precision, 1, all.length);
    float[][] logits = forward.logits(new int[][] {all})[0][0];
    for (int i = 0; i < CHECKED; i++) {
      float[] row = logits[prompt.length - 1 + i];
      double best = Float.NEGATIVE_INFINITY;
      double size = 0;
      for (float x : row) {
        best = Math.max(best, x);
        size = Math.max(size, Math.abs(x));
      }
      if (!(row[written[i]] >= best - 1e-3 * size)) {
        throw new CheckFailure(
            "token "
                + i
                + ": expected the largest logit of the whole sequence, "
                + best
                + ", found token "
                + written[i]
                + " with "
                + row[written[i]]);
      }
    }
  }

  @Override
  public Side ours() {
    return side(drafts, bySteps());
  }

  private boolean bySteps() {
    return drafts > 0 && !trained && !bound;
  }

  /** Decoding with so many drafts, time of a step or of a token. */
  private Side side(int drafts, boolean bySteps) {
    return calls -> {
      double nanos = 0;
      for (int i = 0; i < calls; i++) {
        Generation g = generate(drafts);
        int units = bySteps ? g.steps() : g.tokens().length;
        nanos += g.decodeSeconds() * 1e9 / units;
      }
      return Math.round(nanos);
    };
  }

  @Override
  public Side peer(Peer peer) {
    return switch (peer) {
      case PLAIN -> side(0, false);
      case LIBTORCH -> libTorch(peer);
      default -> throw new NotMeasured(peer.label() + " has no decoding");
    };
  }

  private Side libTorch(Peer peer) {
    if (bySteps()) {
      throw new NotMeasured("untrained drafts; with --checkpoint");
    }
    LibTorch.start(place.pool().threads());
    ModelConfig config = run.model();
    TorchDecoder decoder =
        new TorchDecoder(config, layout, place.backend(), prompt.length + TOKENS);
    int[] theirs = decoder.generate(prompt, CHECKED);
    int[] ours = Arrays.copyOf(generate(drafts).tokens(), CHECKED);
    if (benchCase.recipe().orElseThrow() == Recipe.FP32 && !Arrays.equals(ours, theirs)) {
      throw new CheckFailure(
          peer.label()
              + ": expected the tokens "
              + Arrays.toString(ours)
              + ", found "
              + Arrays.toString(theirs));
    }
    LibTorch.fastest(place.pool().threads(), () -> decoder.generate(prompt, TOKENS));
    return new Side() {
      @Override
      public long nanos(int calls) {
        long nanos = 0;
        for (int i = 0; i < calls; i++) {
          decoder.generate(prompt, TOKENS);
          nanos += decoder.nanosOfTokens() / TOKENS;
        }
        return nanos;
      }

      @Override
      public void rest() {
        LibTorch.rest();
      }
    };
  }

  @Override
  public double flop() {
    return 0;
  }

  @Override
  public double bytes() {
    return 0;
  }

  @Override
  public String unit() {
    return bySteps() ? "step" : "token";
  }

  @Override
  public void close() {
    place.close();
  }
}
