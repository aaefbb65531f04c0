package org.foretoken.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.foretoken.cli.metrics.MemoryBill;
import org.foretoken.cli.metrics.MetricsFile;
import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.progress.Progress;
import org.foretoken.cli.report.HtmlReport;
import org.foretoken.cli.text.Numbers;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.train.EvalMetrics;
import org.foretoken.model.train.RoutingMetrics;
import org.foretoken.model.train.StepMetrics;
import org.foretoken.model.train.TrainListener;
import org.foretoken.model.train.TrainPlan;
import org.foretoken.model.train.TrainResult;
import org.foretoken.model.train.Trainer;

/** One training run as a person sees it: what it prints, what it keeps, and how it is stopped. */
final class TrainRun implements TrainListener, AutoCloseable {
  private static final int SECONDS_TO_STOP = 60;

  /**
   * The result.
   *
   * @param json one line for programs
   * @param exitCode 0, or 1 where decoding was not lossless
   */
  record Summary(String json, int exitCode) {}

  private record Result(
      int steps,
      long tokens,
      double lossMain,
      List<Double> lossMtp,
      double valLossMain,
      List<Double> valLossMtp,
      double valBitsPerByte,
      double tokensPerSecond,
      List<Double> acceptance,
      double tokensPerStep,
      double plainTokensPerSecond,
      double speculativeTokensPerSecond,
      String recipe,
      String device,
      String deviceDescription,
      double seconds,
      Long peakMemoryBytes,
      String checkpoint,
      String metrics,
      String report) {}

  private final RunConfig run;
  private final Corpus corpus;
  private final Backend backend;
  private final Path folder;
  private final PrintWriter human;
  private final PrintWriter err;
  private final long started = System.nanoTime();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private Thread stopper;
  private MetricsFile metrics;
  private Progress progress;
  private SampleWriter samples;
  private volatile Path lastCheckpoint;
  private volatile boolean interrupted;

  /**
   * Prepares a run.
   *
   * @param human where the run's description and its result go
   * @param err where progress goes
   */
  TrainRun(
      RunConfig run,
      Corpus corpus,
      Backend backend,
      Path folder,
      PrintWriter human,
      PrintWriter err) {
    this.run = run;
    this.corpus = corpus;
    this.backend = backend;
    this.folder = folder;
    this.human = human;
    this.err = err;
  }

  /** Trains, writes a sample, measures decoding, writes the report. */
  Summary run(Path checkpoint) {
    Trainer trainer = new Trainer(run, corpus, backend, folder, this);
    stopper = new Thread(() -> stop(trainer), "foretoken-stop");
    Runtime.getRuntime().addShutdownHook(stopper);
    TrainResult result;
    try {
      lastCheckpoint = checkpoint;
      result = trainer.run(checkpoint);
    } finally {
      if (progress != null) {
        progress.close();
      }
      stopped.countDown();
      withdrawStopper();
    }
    if (interrupted) {
      return new Summary("", Failures.FAILED); // the process is on its way out
    }
    MetricsLine.Decoding decoding = samples.measure(result.steps());
    metrics.write(decoding);
    double seconds = (System.nanoTime() - started) * 1e-9;
    metrics.write(
        new MetricsLine.End(
            now(),
            result.steps(),
            result.tokens(),
            result.tokensPerSecond(),
            seconds,
            ProcessMemory.peakBytes(),
            result.checkpoint().toString()));
    RunHistory history = RunHistory.read(folder);
    Path report = HtmlReport.write(folder, history);
    TrainTexts.result(run, history, result, report, human);
    if (!decoding.same()) {
      err.println(
          "foretoken: decoding: expected the same greedy tokens with and without speculation, found"
              + " others; this is a defect of the program");
    }
    return new Summary(
        MetricsJson.line(result(result, decoding, seconds, report)),
        decoding.same() ? 0 : Failures.FAILED);
  }

  private Result result(TrainResult r, MetricsLine.Decoding decoding, double seconds, Path report) {
    return new Result(
        r.steps(),
        r.tokens(),
        r.last().lossMain(),
        boxed(r.last().lossMtp()),
        r.evaluation().lossMain(),
        boxed(r.evaluation().lossMtp()),
        r.evaluation().bitsPerByte(),
        r.tokensPerSecond(),
        decoding.acceptance(),
        decoding.tokensPerStep(),
        decoding.plainTokensPerSecond(),
        decoding.speculativeTokensPerSecond(),
        TrainTexts.recipe(run),
        backend.name(),
        backend.description(),
        seconds,
        ProcessMemory.peakBytes(),
        r.checkpoint().toString(),
        folder.resolve(MetricsFile.NAME).toString(),
        report.toString());
  }

  @Override
  public void started(TrainPlan plan) {
    MemoryBill bill = MemoryBill.of(run.model(), run.train().recipe(), plan);
    TrainTexts.header(run, plan, corpus, bill, folder, human);
    metrics = new MetricsFile(folder);
    samples = new SampleWriter(run, backend, corpus.validation());
    List<Integer> targets =
        IntStream.rangeClosed(0, run.model().mtpDepth())
            .mapToObj(k -> run.train().sequenceLength() - 1 - k)
            .toList();
    metrics.write(
        new MetricsLine.Start(
            now(),
            BuildInfo.version(),
            BuildInfo.commit().orElse(null),
            Runtime.version().toString(),
            backend.name(),
            plan.device(),
            plan.data(),
            plan.firstStep(),
            plan.steps(),
            plan.tokensPerStep(),
            targets,
            MetricsJson.config(run),
            bill));
    progress = Progress.open(err, run.name(), plan.firstStep(), plan.steps());
  }

  @Override
  public void stepped(StepMetrics m) {
    metrics.write(
        new MetricsLine.Step(
            m.step(),
            m.tokens(),
            m.lossMain(),
            boxed(m.lossMtp()),
            boxed(m.accuracy()),
            m.learningRate(),
            m.mtpLambda(),
            m.gradientNorm(),
            m.tokensPerSecond(),
            m.seconds()));
    progress.stepped(m);
  }

  @Override
  public void routed(RoutingMetrics m) {
    metrics.write(new MetricsLine.Routing(m.step(), m.layers()));
  }

  @Override
  public void evaluated(EvalMetrics m) {
    metrics.write(
        new MetricsLine.Eval(
            m.step(), m.lossMain(), boxed(m.lossMtp()), boxed(m.accuracy()), m.bitsPerByte()));
    progress.line(
        "step "
            + m.step()
            + "  held out: "
            + Numbers.fixed(m.bitsPerByte(), 3)
            + " bits a byte"
            + (m.lossMtp().length == 0 ? "" : ", mtp loss " + Numbers.list(boxed(m.lossMtp()), 3)));
    if (!interrupted) {
      MetricsLine.Sample sample = samples.sample(m.step());
      metrics.write(sample);
      if (m.step() < run.train().steps()) {
        TrainTexts.excerpt(sample).forEach(progress::line);
      }
    }
  }

  @Override
  public void saved(int step, Path checkpoint) {
    lastCheckpoint = checkpoint;
    metrics.write(new MetricsLine.Checkpoint(step, checkpoint.toString()));
  }

  /** Ctrl-C: lets the step at hand end and a checkpoint be written, and says how to go on. */
  private void stop(Trainer trainer) {
    interrupted = true;
    trainer.stop();
    boolean inTime = false;
    try {
      inTime = stopped.await(SECONDS_TO_STOP, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Path kept = lastCheckpoint;
    err.println(
        "foretoken: stopped"
            + (inTime ? "" : " without waiting longer for the step at hand")
            + (kept == null
                ? " before the first checkpoint"
                : "; the last checkpoint is "
                    + kept
                    + ", go on with: foretoken train --resume "
                    + RunFolder.of(kept)));
    err.flush();
  }

  private void withdrawStopper() {
    try {
      Runtime.getRuntime().removeShutdownHook(stopper);
    } catch (IllegalStateException e) {
      // the process is shutting down, and the hook at work
    }
  }

  @Override
  public void close() {
    if (metrics != null) {
      metrics.close();
    }
    if (samples != null) {
      samples.close();
    }
  }

  private static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static List<Double> boxed(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
