package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.data.TokenStream;

/**
 * Do modules teach the trunk what matters later? Three tasks, each with D = 0 and with D modules,
 * after Gloeckle et al. (arXiv 2404.19737): the loss on text at the first letters of words, where
 * the text chooses, against the letters inside; names of two tokens to be completed by induction,
 * over model sizes; arithmetic of polynomials.
 *
 * @param run the configuration of the text task, whose number of modules D is used
 * @param synthetic the configuration of the two synthetic tasks
 * @param sizes hidden sizes of the induction task; a multiple of 8
 * @param names different names in a story
 * @param operations largest number m of operations of an expression
 * @param examples documents of a synthetic text
 * @param tests sequences that a task is tested with
 */
public record ChoicePoints(
    RunConfig run,
    RunConfig synthetic,
    List<Integer> sizes,
    int names,
    int operations,
    int examples,
    int tests)
    implements Experiment {
  private static final String FIRST = "loss_first_letters";
  private static final String INSIDE = "loss_inside_words";
  private static final String OTHER = "loss_other_tokens";
  private static final String AGAIN = "accuracy_known_names";
  private static final String NEW = "accuracy_new_names";
  private static final String EXACT = "exact_m";
  private static final String COEFFICIENTS = "coefficients_m";
  private static final String PLAIN = "D=0";

  private String modules() {
    return "D=" + run.model().mtpDepth();
  }

  @Override
  public List<String> arms() {
    List<String> arms = new ArrayList<>();
    for (String depth : List.of(PLAIN, modules())) {
      arms.add("text/" + depth);
      sizes.forEach(size -> arms.add("induction " + size + "/" + depth));
      arms.add("polynomials/" + depth);
    }
    return arms;
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    String[] parts = arm.split("/");
    int depth = Integer.parseInt(parts[1].substring(2));
    if (parts[0].equals("text")) {
      return text(Runs.of(run, seed, run.train().recipe(), depth), workspace);
    }
    RunConfig chosen = Runs.of(synthetic, seed, synthetic.train().recipe(), depth);
    if (parts[0].equals("polynomials")) {
      return polynomials(chosen, workspace);
    }
    return induction(sized(chosen, Integer.parseInt(parts[0].split(" ")[1])), workspace);
  }

  private static RunConfig sized(RunConfig run, int hidden) {
    RunConfig wide = Runs.with(run, "model.hidden_size", hidden);
    wide = Runs.with(wide, "model.attention.head_dim", hidden / run.model().attention().heads());
    return Runs.with(wide, "model.intermediate_size", 3 * hidden);
  }

  private Measurement text(RunConfig chosen, Workspace workspace) {
    Corpus corpus = workspace.corpus(chosen.data());
    try (Training training = Training.of(chosen, corpus, workspace)) {
      List<byte[]> sequences = heldOut(corpus.validation(), chosen.train().sequenceLength());
      double[] loss = new double[3];
      long[] count = new long[3];
      Trunks.predict(
          training,
          sequences,
          (s, t, nll, right) -> {
            int kind = Trunks.kind(sequences.get(s)[t - 1], sequences.get(s)[t]);
            loss[kind] += nll;
            count[kind]++;
          });
      return Measurement.of(
          Map.of(FIRST, loss[0] / count[0], INSIDE, loss[1] / count[1], OTHER, loss[2] / count[2]));
    }
  }

  private List<byte[]> heldOut(TokenStream text, int length) {
    List<byte[]> sequences = new ArrayList<>();
    int count = Math.min(tests, text.length() / length);
    for (int i = 0; i < count; i++) {
      int start = (int) ((long) (text.length() - length) * i / Math.max(1, count - 1));
      byte[] sequence = new byte[length];
      for (int t = 0; t < length; t++) {
        sequence[t] = (byte) text.token(start + t);
      }
      sequences.add(sequence);
    }
    return sequences;
  }

  private Measurement induction(RunConfig chosen, Workspace workspace) {
    int length = chosen.train().sequenceLength() - 1;
    SplittableRandom random = new SplittableRandom(chosen.train().seed() * 31 + 5);
    List<byte[]> stories = new ArrayList<>();
    for (int i = 0; i < examples; i++) {
      stories.add(Induction.story(length, names, random));
    }
    List<byte[]> asked = new ArrayList<>();
    for (int i = 0; i < tests; i++) {
      asked.add(Induction.story(length, names, random));
    }
    try (Training training = Training.of(chosen, Trunks.corpus("stories", stories), workspace)) {
      long[] rightOf = new long[3];
      long[] count = new long[3];
      List<int[]> roles =
          asked.stream().map(s -> Induction.roles(Trunks.padded(s, s.length))).toList();
      Trunks.predict(
          training,
          asked,
          (s, t, nll, right) -> {
            int role = roles.get(s)[t];
            rightOf[role] += right ? 1 : 0;
            count[role]++;
          });
      return Measurement.of(
          Map.of(NEW, rightOf[1] / (double) count[1], AGAIN, rightOf[2] / (double) count[2]));
    }
  }

  private Measurement polynomials(RunConfig chosen, Workspace workspace) {
    SplittableRandom random = new SplittableRandom(chosen.train().seed() * 31 + 7);
    List<byte[]> expressions = new ArrayList<>();
    for (int i = 0; i < examples; i++) {
      expressions.add(Polynomials.example(1 + random.nextInt(operations), random));
    }
    try (Training training =
        Training.of(chosen, Trunks.corpus("polynomials", expressions), workspace)) {
      Map<String, Double> values = new LinkedHashMap<>();
      for (int m = 1; m <= operations; m++) {
        List<byte[]> asked = new ArrayList<>();
        for (int i = 0; i < tests; i++) {
          asked.add(Polynomials.example(m, random));
        }
        int[] right = new int[asked.size()];
        boolean[] seen = new boolean[asked.size()];
        Trunks.predict(
            training,
            asked,
            (s, t, nll, hit) -> {
              seen[s] = true;
              boolean answer = t >= asked.get(s).length - Polynomials.TERMS;
              right[s] += answer && hit ? 1 : 0;
            });
        double exact = 0;
        double coefficients = 0;
        int asks = 0;
        for (int s = 0; s < right.length; s++) {
          asks += seen[s] ? 1 : 0;
          exact += right[s] == Polynomials.TERMS ? 1 : 0;
          coefficients += right[s] / (double) Polynomials.TERMS;
        }
        values.put(EXACT + m, exact / asks);
        values.put(COEFFICIENTS + m, coefficients / asks);
      }
      return Measurement.of(values);
    }
  }

  private Interval gain(Results results, String task, String value, boolean lessIsBetter) {
    Interval difference =
        Interval.of(results.differences(task + "/" + modules(), task + "/" + PLAIN, value));
    return lessIsBetter ? Texts.scaled(difference, -1) : difference;
  }

  @Override
  public Findings conclude(Results results) {
    Interval first = gain(results, "text", FIRST, true);
    Interval inside = gain(results, "text", INSIDE, true);
    Interval more = moreAtChoices(results);
    List<Figure.Row> induction = new ArrayList<>();
    boolean someInduction = false;
    boolean chance = true;
    for (int size : sizes) {
      String task = "induction " + size;
      Interval gain = gain(results, task, AGAIN, false);
      induction.add(new Figure.Row("hidden size " + size, Texts.scaled(gain, 100)));
      someInduction |= gain.above(0);
      for (String depth : List.of(PLAIN, modules())) {
        chance &= results.interval(task + "/" + depth, NEW).mean() < 3.0 / Induction.LETTERS;
      }
    }
    boolean somePolynomials = false;
    for (int m = 1; m <= operations; m++) {
      somePolynomials |= gain(results, "polynomials", COEFFICIENTS + m, false).above(0);
    }
    int seen = (more.above(0) ? 1 : 0) + (someInduction ? 1 : 0) + (somePolynomials ? 1 : 0);
    boolean against = more.below(0);
    Verdict verdict =
        seen == 3
            ? Verdict.HOLDS
            : seen == 0 && against ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
    Interval newNames = results.interval("induction " + sizes.getLast() + "/" + modules(), NEW);
    return new Findings(
        verdict,
        Texts.of(
            "Text: with %s the loss falls by %s nats at first letters and by %s inside words (%s"
                + " more at first letters). Induction: %s. Polynomials: %s.",
            modules(),
            Texts.interval(first),
            Texts.interval(inside),
            Texts.interval(more),
            someInduction
                ? "a gain at one size at least whose interval is above 0"
                : "no gain whose interval is above 0",
            somePolynomials
                ? "a gain for one m at least whose interval is above 0"
                : "no gain whose interval is above 0"),
        "Published for 1 to 30 million parameters on induction, and 30 and 100 million on"
            + " polynomials with training until nothing improves; models of this size, trained for"
            + " minutes, answer little more than a constant's coefficients. Those sizes would"
            + " decide it.",
        List.of(
            new Findings.Control(
                "At a name's first occurrence induction must fail: accuracy near 1 in "
                    + Induction.LETTERS,
                chance,
                "largest size with modules: " + Texts.percent(newNames))),
        figures(results, induction),
        Map.of(
            "gain_first_letters", first.mean(),
            "gain_inside_words", inside.mean(),
            "induction_gain_percent",
                induction.stream()
                    .collect(
                        java.util.stream.Collectors.toMap(
                            Figure.Row::label, r -> r.value().mean()))));
  }

  private Interval moreAtChoices(Results results) {
    List<Double> first = results.differences("text/" + PLAIN, "text/" + modules(), FIRST);
    List<Double> inside = results.differences("text/" + PLAIN, "text/" + modules(), INSIDE);
    List<Double> more = new ArrayList<>();
    for (int i = 0; i < first.size(); i++) {
      more.add(first.get(i) - inside.get(i));
    }
    return Interval.of(more);
  }

  private List<Figure> figures(Results results, List<Figure.Row> induction) {
    List<Figure.Bound> none = List.of(new Figure.Bound("no difference", 0));
    List<Figure.Row> text =
        List.of(
            new Figure.Row("first letters of words", gain(results, "text", FIRST, true)),
            new Figure.Row("letters inside words", gain(results, "text", INSIDE, true)),
            new Figure.Row("all other tokens", gain(results, "text", OTHER, true)));
    List<Figure.Curve> known = new ArrayList<>();
    List<Figure.Curve> polynomials = new ArrayList<>();
    for (String depth : List.of(PLAIN, modules())) {
      List<Figure.Point> bySize = new ArrayList<>();
      for (int size : sizes) {
        Interval accuracy = results.interval("induction " + size + "/" + depth, AGAIN);
        bySize.add(new Figure.Point(size, Texts.scaled(accuracy, 100)));
      }
      known.add(new Figure.Curve(depth, bySize));
      for (String what : List.of(COEFFICIENTS, EXACT)) {
        List<Figure.Point> byM = new ArrayList<>();
        for (int m = 1; m <= operations; m++) {
          Interval share = results.interval("polynomials/" + depth, what + m);
          byM.add(new Figure.Point(m, Texts.scaled(share, 100)));
        }
        String name = what.equals(EXACT) ? "whole answer" : "coefficients";
        polynomials.add(new Figure.Curve(name + ", " + depth, byM));
      }
    }
    List<List<String>> weights = new ArrayList<>();
    for (int n = 1; n <= run.model().mtpDepth() + 1; n++) {
      weights.add(List.of("n = " + n, Integer.toString(n * (n + 1) / 2), Integer.toString(n)));
    }
    return List.of(
        new Figure.Intervals(
            "Text: gain in loss of held-out tokens, paired by seed",
            "nats; above 0 the modules help",
            text,
            none),
        new Figure.Plot(
            "Induction: second capitals of known names that are right",
            "hidden size",
            "share, %",
            false,
            false,
            known,
            List.of(new Figure.Bound("chance", 100.0 / Induction.LETTERS))),
        new Figure.Intervals(
            "Induction: gain, paired by seed", "percentage points", induction, none),
        new Figure.Plot(
            "Polynomials: what is right, by number of operations",
            "operations m",
            "share, %",
            false,
            false,
            polynomials,
            List.of(new Figure.Bound("chance of a coefficient", 100.0 / 7))),
        new Figure.Table(
            "How often the loss of n predictions counts a choice point's consequences, and any"
                + " other token",
            List.of("predictions", "choice point, n(n+1)/2", "other, n"),
            weights));
  }
}
