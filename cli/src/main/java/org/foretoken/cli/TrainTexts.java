package org.foretoken.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.foretoken.cli.metrics.MemoryBill;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.text.KvCacheText;
import org.foretoken.cli.text.Numbers;
import org.foretoken.cli.text.TextTable;
import org.foretoken.cli.text.TokenText;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.train.TrainPlan;
import org.foretoken.model.train.TrainResult;

/** What {@code train} says before it starts and after it ended. */
final class TrainTexts {
  private static final int EXCERPT_LINES = 3;
  private static final int EXCERPT_WIDTH = 76;

  private TrainTexts() {}

  /** The recipe as users write it. */
  static String recipe(RunConfig run) {
    return run.train().recipe().name().toLowerCase(Locale.ROOT);
  }

  /** What will be run, where and on what. */
  static void header(
      RunConfig run, TrainPlan plan, Corpus corpus, MemoryBill bill, Path folder, PrintWriter out) {
    TrainConfig train = run.train();
    TextTable table = new TextTable();
    table.row("run", run.name() + ", recipe " + recipe(run) + ", in " + folder);
    table.row("device", plan.device());
    table.row("model", model(run.model(), plan));
    long resident = plan.residentBytes();
    table.row(
        "memory",
        Numbers.bytes(bill.totalBytes())
            + ": "
            + Numbers.bytes(resident)
            + " weights, gradients, moments and inputs, "
            + Numbers.bytes(plan.activationBytes())
            + " activations ("
            + Numbers.bytes(plan.activationBytesWithoutReuse())
            + " without reuse)");
    table.row("KV cache", KvCacheText.line(bill.kvCache(), Float.BYTES, "F32"));
    table.row(
        "data",
        plan.data().strip()
            + ", "
            + Numbers.rounded(corpus.training().length())
            + (corpus.training().ofBytes() ? " bytes to train, " : " tokens to train, ")
            + Numbers.rounded(corpus.validation().length())
            + " held out");
    String from = plan.firstStep() == 0 ? "" : ", from step " + plan.firstStep() + " on";
    table.row(
        "training",
        Numbers.count(plan.steps())
            + " steps of "
            + (train.accumulation() == 1 ? "" : train.accumulation() + " x ")
            + train.batchSize()
            + " x "
            + train.sequenceLength()
            + " tokens"
            + from
            + "; "
            + targets(run));
    table.lines().forEach(out::println);
    out.println();
    out.flush();
  }

  private static String model(ModelConfig model, TrainPlan plan) {
    double modules = plan.parameters() - plan.trunkParameters();
    String mtp =
        switch (model.mtpDepth()) {
          case 0 -> ", no MTP module";
          case 1 -> " (" + Numbers.rounded(modules) + " in 1 MTP module)";
          default -> " (" + Numbers.rounded(modules) + " in " + model.mtpDepth() + " MTP modules)";
        };
    return Numbers.rounded((double) plan.parameters()) + " parameters" + mtp;
  }

  private static String targets(RunConfig run) {
    int length = run.train().sequenceLength();
    StringBuilder out = new StringBuilder("targets per sequence " + (length - 1));
    for (int k = 1; k <= run.model().mtpDepth(); k++) {
      out.append(" + ").append(length - 1 - k);
    }
    return out.toString();
  }

  /** The first lines of a sample, indented. */
  static List<String> excerpt(MetricsLine.Sample sample) {
    return TokenText.printable(sample.text())
        .lines()
        .filter(line -> !line.isBlank())
        .limit(EXCERPT_LINES)
        .map(line -> line.substring(0, Math.min(line.length(), EXCERPT_WIDTH)))
        .map(line -> "    | " + line)
        .toList();
  }

  /** What came of it. */
  static void result(
      RunConfig run, RunHistory history, TrainResult result, Path report, PrintWriter out) {
    TextTable table = new TextTable();
    MetricsLine.Eval last = history.evals().getLast();
    table.row(
        "held-out files",
        Numbers.fixed(last.bitsPerByte(), 3)
            + " bits a byte (loss "
            + Numbers.fixed(last.lossMain(), 3)
            + " nats)");
    for (int k = 1; k <= run.model().mtpDepth(); k++) {
      table.row(
          "held out, depth " + k,
          "loss "
              + Numbers.fixed(last.lossMtp().get(k - 1), 3)
              + " nats, "
              + Numbers.percent(last.accuracy().get(k))
              + " of targets right");
    }
    history.decoding().ifPresent(d -> decoding(d, table));
    table.row(
        "training",
        Numbers.rounded(result.tokensPerSecond())
            + " tokens/s, "
            + Numbers.count(result.tokens())
            + " tokens in all");
    history
        .end()
        .map(MetricsLine.End::peakMemoryBytes)
        .ifPresent(
            peak -> table.row("memory", Numbers.bytes(peak) + " at most, Java's own included"));
    table.row("checkpoint", result.checkpoint().toString());
    table.row("report", report.toString());
    out.println();
    if (!history.samples().isEmpty()) {
      MetricsLine.Sample sample = history.samples().getLast();
      out.println(TokenText.printable(sample.promptAsText()));
      out.println("---- the model goes on ----");
      out.println(TokenText.printable(sample.text()));
      out.println();
    }
    table.lines().forEach(out::println);
    out.flush();
  }

  private static void decoding(MetricsLine.Decoding d, TextTable table) {
    for (int k = 1; k <= d.acceptance().size(); k++) {
      table.row("drafts accepted, depth " + k, Numbers.percent(d.acceptance().get(k - 1)));
    }
    String plain = Numbers.rounded(d.plainTokensPerSecond()) + " tokens/s plain";
    if (d.acceptance().isEmpty()) {
      table.row("decoding", plain);
      return;
    }
    double gain = d.speculativeTokensPerSecond() / d.plainTokensPerSecond();
    table.row(
        "decoding",
        plain
            + ", "
            + Numbers.rounded(d.speculativeTokensPerSecond())
            + " speculative ("
            + Numbers.fixed(gain, 2)
            + " x, "
            + Numbers.fixed(d.tokensPerStep(), 2)
            + " tokens a step), "
            + (d.same() ? "the same tokens" : "DIFFERENT TOKENS"));
  }
}
