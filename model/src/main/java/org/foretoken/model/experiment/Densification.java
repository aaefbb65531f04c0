package org.foretoken.model.experiment;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Zero;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Batch;
import org.foretoken.model.data.Batches;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.data.Document;
import org.foretoken.model.data.TokenStream;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.mtp.MtpTargets;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.train.ModelRunner;
import org.foretoken.model.trunk.Rows;

/**
 * How many targets, and how much gradient, reach each position. A model with D modules is trained
 * for a while; then the gradient of the trunk's hidden states h^0 is taken of the main loss alone,
 * of the modules' losses alone, of both, and of both with lambda = 0, on sequences of one document.
 *
 * @param run the configuration; seed and number of modules are not used
 * @param depths numbers of modules D, 0 among them
 * @param lambda weight of the modules' losses where gradients are taken
 */
public record Densification(RunConfig run, List<Integer> depths, double lambda)
    implements Experiment {
  private static final String TARGETS = "targets";
  private static final String MAIN = "main_norm";
  private static final String EXTRA = "mtp_norm";
  private static final String BOTH = "total_norm";
  private static final String SILENT = "lambda_0_norm";
  private static final String COSINE = "cosine_of_main_and_mtp";

  /** A gradient of the modules below this share of the main loss's would not count as signal. */
  private static final double NOTICEABLE = 0.01;

  private static final String GRADIENT = "densification.gradient";

  private static String arm(int depth) {
    return "D=" + depth;
  }

  @Override
  public List<String> arms() {
    return depths.stream().map(Densification::arm).toList();
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    int depth = Integer.parseInt(arm.substring(2));
    RunConfig chosen = Runs.of(run, seed, run.train().recipe(), depth);
    try (Training training = Training.of(chosen, workspace)) {
      int length = chosen.train().sequenceLength();
      Batch batch = oneDocument(workspace.corpus(chosen.data()), chosen);
      MtpTargets targets = batch.targets();
      Executable graph = training.backend().compile(graph(chosen, batch.rows()));
      float[] main = gradient(training, graph, batch, 1, 0);
      float[] extra = gradient(training, graph, batch, 0, lambda);
      float[] both = gradient(training, graph, batch, 1, lambda);
      float[] silent = gradient(training, graph, batch, 1, 0);
      Map<String, List<Double>> series = new LinkedHashMap<>();
      Map<String, Double> values = new LinkedHashMap<>();
      double all = 0;
      List<Double> counts = new ArrayList<>();
      for (int k = 0; k <= depth; k++) {
        double count = targets.count(k) / (double) chosen.train().batchSize();
        counts.add(count);
        all += count;
      }
      series.put(TARGETS, counts);
      values.put(TARGETS, all);
      series.put(EXTRA, byPosition(extra, length));
      series.put(MAIN, byPosition(main, length));
      values.put(MAIN, norm(main));
      values.put(EXTRA, norm(extra));
      values.put(BOTH, norm(both));
      values.put(SILENT, norm(silent));
      values.put(COSINE, depth == 0 ? 0 : dot(main, extra) / norm(main) / norm(extra));
      return new Measurement(values, series);
    }
  }

  /** Sequences without an end inside, so that targets are counted as the claim counts them. */
  private static Batch oneDocument(Corpus corpus, RunConfig run) {
    int need = run.train().sequenceLength() * run.train().batchSize() * 4;
    TokenStream text = corpus.validation();
    byte[] bytes = new byte[Math.min(need, text.length())];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) text.token(i);
    }
    TokenStream whole = new TokenStream(List.of(new Document("held out", bytes)));
    TrainConfig train = run.train();
    return new Batches("held-out", whole, train.batchSize(), train.sequenceLength(), true)
        .evaluation(0, 1);
  }

  private static Graph graph(RunConfig run, int rows) {
    ModelLayout layout = ModelLayout.of(run.model());
    Graph graph = new Graph("densification");
    Tape tape = new Tape(graph, layout, PrecisionTable.of(run.train().recipe()), true);
    List<Tensor> hidden = MtpLoss.emit(tape, run.model(), Rows.Packed.declare(graph, rows));
    tape.backward();
    Tensor gradient = tape.gradient(hidden.getFirst());
    Tensor zero = tape.value("zero", gradient.shape().dims());
    tape.emit("zero", new Zero(), List.of(), List.of(zero));
    Tensor kept = graph.declare(GRADIENT, DType.F32, Role.OUTPUT, gradient.shape().dims());
    tape.emit("keep", new Add(), List.of(gradient, zero), List.of(kept));
    return graph;
  }

  private static float[] gradient(
      Training training, Executable graph, Batch batch, double main, double lambda) {
    RunConfig run = training.run();
    ModelRunner runner = new ModelRunner(training.backend(), run.model());
    runner.upload(batch);
    runner.uploadCoefficients(lambda);
    float[] coefficient = {(float) main};
    training.backend().upload(MtpLoss.coefficientName(0), MemorySegment.ofArray(coefficient));
    runner.run(graph);
    float[] gradient = new float[batch.rows() * run.model().hiddenSize()];
    training.backend().download(GRADIENT, MemorySegment.ofArray(gradient));
    return gradient;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static double norm(float[] a) {
    return Math.sqrt(dot(a, a));
  }

  /** Root mean square over sequences of the norm of each position's gradient. */
  private List<Double> byPosition(float[] gradient, int length) {
    int width = run.model().hiddenSize();
    int sequences = gradient.length / width / length;
    List<Double> norms = new ArrayList<>();
    for (int t = 0; t < length; t++) {
      double squares = 0;
      for (int s = 0; s < sequences; s++) {
        for (int i = 0; i < width; i++) {
          double g = gradient[(s * length + t) * width + i];
          squares += g * g / sequences;
        }
      }
      norms.add(Math.sqrt(squares));
    }
    return norms;
  }

  @Override
  public Findings conclude(Results results) {
    int length = run.train().sequenceLength();
    int most = depths.getLast();
    boolean counted = true;
    List<List<String>> rows = new ArrayList<>();
    List<Figure.Row> cosines = new ArrayList<>();
    List<Figure.Curve> curves = new ArrayList<>();
    Map<String, Object> targets = new LinkedHashMap<>();
    Map<String, Object> ratios = new LinkedHashMap<>();
    for (int depth : depths) {
      String arm = arm(depth);
      double all = results.interval(arm, TARGETS).mean();
      double expected = 0;
      for (int k = 0; k <= depth; k++) {
        expected += length - 1 - k;
      }
      counted &= all == expected;
      Interval share = Interval.of(ratio(results.values(arm, EXTRA), results.values(arm, MAIN)));
      targets.put(arm, all);
      ratios.put(arm, share.mean());
      rows.add(
          List.of(
              arm,
              Texts.number(all),
              Texts.number(all / length),
              Texts.interval(share),
              Texts.interval(results.interval(arm, COSINE))));
      if (depth > 0) {
        cosines.add(new Figure.Row(arm, results.interval(arm, COSINE)));
      }
      String part = depth == 0 ? MAIN : EXTRA;
      List<Figure.Point> points = new ArrayList<>();
      for (int t = 0; t < length - 1; t++) {
        Interval norm = results.interval(arm, part, t);
        if (norm.mean() > 0) {
          points.add(new Figure.Point(t, norm));
        }
      }
      String name = depth == 0 ? "main loss, D=0" : "modules' losses, " + arm;
      curves.add(new Figure.Curve(name, points));
    }
    Interval extra =
        Interval.of(ratio(results.values(arm(most), EXTRA), results.values(arm(most), MAIN)));
    Interval silent =
        Interval.of(ratio(results.values(arm(most), SILENT), results.values(arm(most), MAIN)));
    Interval cosine = results.interval(arm(most), COSINE);
    Verdict verdict =
        !counted || extra.below(NOTICEABLE)
            ? Verdict.DOES_NOT_HOLD
            : extra.above(NOTICEABLE) ? Verdict.HOLDS : Verdict.UNDECIDED;
    return new Findings(
        verdict,
        Texts.of(
            "A sequence of %d tokens has %s targets with D = %d, where the plain model has %d. At"
                + " lambda = %s the modules' losses add a gradient of %s of the main loss's own"
                + " size to the trunk's hidden states, at a cosine of %s to it: mostly new"
                + " directions, not more of the same.",
            length,
            Texts.number(results.interval(arm(most), TARGETS).mean()),
            most,
            length - 1,
            Texts.number(lambda),
            Texts.percent(extra),
            Texts.interval(cosine)),
        "More targets are counted, not argued; whether their gradient helps the main loss is the"
            + " question of data-efficiency.",
        List.of(
            new Findings.Control(
                "With lambda = 0 the modules must add nothing",
                silent.mean() == 1,
                "gradient norm " + Texts.interval(silent) + " times that of the main loss")),
        List.of(
            new Figure.Table(
                "Targets and gradient at h^0",
                List.of(
                    "model",
                    "targets a sequence",
                    "a position",
                    "MTP gradient / main gradient",
                    "cosine of the two"),
                rows),
            new Figure.Plot(
                "Gradient norm of the trunk's hidden state, by position",
                "position in the sequence",
                "norm of dL / dh^0, root mean square",
                false,
                true,
                curves,
                List.of()),
            new Figure.Intervals(
                "Cosine between the gradient of the modules and that of the main loss",
                "cosine; 1 would be more of the same",
                cosines,
                List.of(new Figure.Bound("orthogonal", 0)))),
        Map.of("targets", targets, "mtp_gradient_ratio", ratios, "cosine", cosine.mean()));
  }

  private static List<Double> ratio(List<Double> a, List<Double> b) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < a.size(); i++) {
      ratios.add(a.get(i) / b.get(i));
    }
    return ratios;
  }
}
