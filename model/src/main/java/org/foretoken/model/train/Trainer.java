package org.foretoken.model.train;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Batches;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.data.TokenStream;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.trunk.MixtureOfExperts;

/**
 * Trains a model: batches in, metrics to a listener, checkpoints to a folder.
 *
 * <p>Everything a step depends on is a function of the configuration, the step's number and the
 * checkpoint, so a resumed run repeats the uninterrupted run's losses to the last bit on the same
 * device.
 */
public final class Trainer {
  private final RunConfig run;
  private final Corpus corpus;
  private final Backend backend;
  private final Path directory;
  private final TrainListener listener;
  private final ModelLayout layout;
  private final PrecisionTable precision;
  private final Schedule schedule;
  private final ModelRunner runner;
  private volatile boolean stopAsked;

  /**
   * Prepares a run.
   *
   * @param backend where to run; stays open, and holds the trained weights afterwards
   * @param directory folder of the run; checkpoints go to its {@code checkpoints} folder; null for
   *     a run that keeps none
   */
  public Trainer(
      RunConfig run, Corpus corpus, Backend backend, Path directory, TrainListener listener) {
    this.run = run;
    this.corpus = corpus;
    this.backend = backend;
    this.directory = directory;
    this.listener = listener;
    layout = ModelLayout.of(run.model());
    precision = PrecisionTable.of(run.train().recipe());
    schedule = new Schedule(run.train());
    runner = new ModelRunner(backend, run.model());
  }

  /** Asks the run to end after the step at hand, with a checkpoint. */
  public void stop() {
    stopAsked = true;
  }

  /**
   * Runs to the configured number of steps.
   *
   * @param resumeFrom checkpoint to go on from, or null to start anew
   */
  public TrainResult run(Path resumeFrom) {
    TrainConfig train = run.train();
    ModelConfig model = run.model();
    int rows = train.batchSize() * train.sequenceLength();
    // A model that cannot fit is refused before its graphs are even drawn up.
    MemoryCheck.ofParameters(layout, precision).require();
    List<Graph> stepGraphs = TrainStep.graphs(model, layout, precision, train);
    Graph evalGraph = TrainGraph.evaluation(model, layout, precision, rows);
    List<Graph> graphs = new ArrayList<>(stepGraphs);
    graphs.add(evalGraph);
    MemoryCheck memory = MemoryCheck.of(graphs);
    memory.require();
    Batches training = batches("training", corpus.training());
    Batches validation = batches("held-out", corpus.validation());

    TrainStep step = TrainStep.compile(backend, runner, stepGraphs);
    Executable eval = backend.compile(evalGraph);
    int first = 0;
    if (resumeFrom == null) {
      ParameterInit.upload(backend, model, layout, train.seed());
    } else {
      first = TrainCheckpoint.restore(resumeFrom, backend, layout, precision);
    }
    int tokens = Math.multiplyExact(rows, train.accumulation());
    listener.started(plan(memory, first, tokens));
    return loop(step, eval, training, validation, first, tokens);
  }

  private Batches batches(String what, TokenStream stream) {
    TrainConfig train = run.train();
    return new Batches(
        what, stream, train.batchSize(), train.sequenceLength(), run.data().documentMask());
  }

  private TrainPlan plan(MemoryCheck memory, int first, int tokensPerStep) {
    ModelConfig m = run.model();
    return new TrainPlan(
        backend.description(),
        corpus.description(),
        layout.parameterCount(),
        ModelLayout.of(m.withMtpDepth(0)).parameterCount(),
        memory.residentBytes(),
        memory.transientBytes(),
        memory.transientBytesWithoutReuse(),
        first,
        run.train().steps(),
        tokensPerStep);
  }

  private TrainResult loop(
      TrainStep step,
      Executable eval,
      Batches training,
      Batches validation,
      int first,
      int tokens) {
    TrainConfig train = run.train();
    long started = System.nanoTime();
    long stepNanos = 0;
    StepMetrics metrics = null;
    int done = first;
    while (done < train.steps() && !stopAsked) {
      long before = System.nanoTime();
      metrics = step(step, training, done, tokens, before, started);
      stepNanos += System.nanoTime() - before;
      done++;
      listener.stepped(metrics);
      routing(done, first);
      if (train.evalEvery() > 0 && done % train.evalEvery() == 0 && done < train.steps()) {
        evaluate(eval, validation, done);
      }
      if (train.checkpointEvery() > 0
          && done % train.checkpointEvery() == 0
          && done < train.steps()) {
        save(done);
      }
    }
    EvalMetrics evaluation = evaluate(eval, validation, done);
    Path checkpoint = save(done);
    double rate = stepNanos == 0 ? 0 : (done - first) * (double) tokens * 1e9 / stepNanos;
    return new TrainResult(done, (long) done * tokens, metrics, evaluation, rate, checkpoint);
  }

  private StepMetrics step(
      TrainStep step, Batches training, int index, int tokens, long before, long started) {
    double rate = schedule.learningRate(index);
    double lambda = schedule.mtpLambda(index);
    TrainConfig train = run.train();
    TrainStep.Result result =
        step.run(
            training.training(train.seed(), index, train.accumulation()),
            lambda,
            hyper(index, rate));
    ModelRunner.Losses losses = result.losses();
    double norm = result.gradientNorm();
    requireFinite(index + 1, losses.loss(), norm);
    long now = System.nanoTime();
    return new StepMetrics(
        index + 1,
        (long) (index + 1) * tokens,
        losses.loss()[0],
        Arrays.copyOfRange(losses.loss(), 1, losses.loss().length),
        losses.accuracy(),
        rate,
        lambda,
        norm,
        tokens * 1e9 / (now - before),
        (now - started) * 1e-9);
  }

  /** Tells the loads of experts, about a hundred times in a run. */
  private void routing(int done, int first) {
    int every = Math.max(1, run.train().steps() / 100);
    boolean due = done % every == 0 || done == first + 1 || done == run.train().steps();
    if (layout.buffers().isEmpty() || !due) {
      return;
    }
    List<RoutingMetrics.Layer> layers = new ArrayList<>();
    for (ParameterSpec bias : layout.buffers()) {
      float[] load = new float[Math.toIntExact(bias.elements())];
      backend.download(
          MixtureOfExperts.loadName(TrainGraph.mlp(bias)), MemorySegment.ofArray(load));
      layers.add(RoutingMetrics.Layer.of(ParameterNames.layer(bias.name()), load));
    }
    listener.routed(new RoutingMetrics(done, layers));
  }

  private float[] hyper(int index, double rate) {
    TrainConfig t = run.train();
    return new float[] {
      (float) rate,
      (float) t.beta1(),
      (float) t.beta2(),
      (float) t.epsilon(),
      (float) t.weightDecay(),
      (float) (1 - Math.pow(t.beta1(), index + 1)),
      (float) (1 - Math.pow(t.beta2(), index + 1)),
      (float) t.gradientClip()
    };
  }

  private void requireFinite(int step, double[] loss, double norm) {
    boolean finite = Double.isFinite(norm);
    for (double l : loss) {
      finite &= Double.isFinite(l);
    }
    if (!finite) {
      throw new IllegalStateException(
          "training: step "
              + step
              + ": expected a finite loss and gradient, found losses "
              + Arrays.toString(loss)
              + " and gradient norm "
              + norm
              + "; lower train.learning_rate or lengthen train.warmup_steps (the last checkpoint is"
              + " untouched)");
    }
  }

  private EvalMetrics evaluate(Executable eval, Batches validation, int done) {
    List<ModelRunner.Losses> all = new ArrayList<>();
    int batches = Math.max(1, run.train().evalBatches());
    for (int i = 0; i < batches; i++) {
      runner.upload(validation.evaluation(i, batches));
      all.add(runner.run(eval));
    }
    ModelRunner.Losses mean = ModelRunner.Losses.mean(all);
    double[] loss = mean.loss();
    EvalMetrics metrics =
        new EvalMetrics(
            done,
            loss[0],
            Arrays.copyOfRange(loss, 1, loss.length),
            mean.accuracy(),
            loss[0] / Math.log(2) / corpus.validation().bytesPerToken());
    listener.evaluated(metrics);
    return metrics;
  }

  private Path save(int done) {
    if (directory == null) {
      return null;
    }
    Path saved = TrainCheckpoint.save(directory, backend, run, layout, precision, done);
    listener.saved(done, saved);
    return saved;
  }

  /** The parameters of the model being trained. */
  public List<ParameterSpec> parameters() {
    return List.copyOf(layout.parameters());
  }
}
