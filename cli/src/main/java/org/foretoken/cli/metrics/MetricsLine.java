package org.foretoken.cli.metrics;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.foretoken.cli.text.TokenText;
import org.foretoken.model.train.RoutingMetrics;

/**
 * One line of {@code metrics.jsonl}; its {@code type} says which. Names in the file are in snake
 * case; docs/METRICS.md lists them for readers of the file.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = MetricsLine.Start.class, name = "start"),
  @JsonSubTypes.Type(value = MetricsLine.Step.class, name = "step"),
  @JsonSubTypes.Type(value = MetricsLine.Routing.class, name = "routing"),
  @JsonSubTypes.Type(value = MetricsLine.Eval.class, name = "eval"),
  @JsonSubTypes.Type(value = MetricsLine.Checkpoint.class, name = "checkpoint"),
  @JsonSubTypes.Type(value = MetricsLine.Sample.class, name = "sample"),
  @JsonSubTypes.Type(value = MetricsLine.Decoding.class, name = "decoding"),
  @JsonSubTypes.Type(value = MetricsLine.End.class, name = "end")
})
@JsonIgnoreProperties(ignoreUnknown = true)
public sealed interface MetricsLine {

  /**
   * The run, or its continuation, is about to make its first step.
   *
   * @param time ISO-8601 instant
   * @param version version of the program
   * @param commit commit of the program, or null where unknown
   * @param jdk version of the JDK
   * @param device name of the device
   * @param deviceDescription line describing the device
   * @param data line describing the corpus
   * @param firstStep steps done before; lines of later steps that stand above this one are void
   * @param steps steps in all
   * @param tokensPerStep tokens of a batch
   * @param targetsPerSequence targets of a sequence of one document, by depth 0..D
   * @param config the run's configuration, in the names of the YAML files
   * @param memory the memory bill
   */
  record Start(
      String time,
      String version,
      String commit,
      String jdk,
      String device,
      String deviceDescription,
      String data,
      int firstStep,
      int steps,
      int tokensPerStep,
      List<Integer> targetsPerSequence,
      JsonNode config,
      MemoryBill memory)
      implements MetricsLine {}

  /**
   * A training step was made; see {@link org.foretoken.model.train.StepMetrics}, whose names these
   * are.
   */
  record Step(
      int step,
      long tokens,
      double lossMain,
      List<Double> lossMtp,
      List<Double> accuracy,
      double learningRate,
      double mtpLambda,
      double gradientNorm,
      double tokensPerSecond,
      double seconds)
      implements MetricsLine {}

  /**
   * How a step's rows were spread over the experts; see {@link
   * org.foretoken.model.train.RoutingMetrics}, whose names these are.
   */
  record Routing(int step, List<RoutingMetrics.Layer> layers) implements MetricsLine {}

  /**
   * The held-out files were evaluated; see {@link org.foretoken.model.train.EvalMetrics}, whose
   * names these are.
   */
  record Eval(
      int step, double lossMain, List<Double> lossMtp, List<Double> accuracy, double bitsPerByte)
      implements MetricsLine {}

  /** A checkpoint is complete. */
  record Checkpoint(int step, String path) implements MetricsLine {}

  /**
   * The model wrote something.
   *
   * @param step steps done
   * @param prompt tokens it continued
   * @param tokens tokens it wrote
   * @param proposedBy for each of them the depth of the MTP module that proposed it, 0: the trunk
   * @param temperature 0 for greedy decoding
   * @param text the written tokens as text
   * @param promptText the prompt as text; null where tokens are bytes
   * @param pieces the text of each written token, a character with the last of its tokens; null
   *     where tokens are bytes
   */
  record Sample(
      int step,
      List<Integer> prompt,
      List<Integer> tokens,
      List<Integer> proposedBy,
      double temperature,
      String text,
      String promptText,
      List<String> pieces)
      implements MetricsLine {
    /** A sample whose tokens are bytes. */
    public Sample(
        int step,
        List<Integer> prompt,
        List<Integer> tokens,
        List<Integer> proposedBy,
        double temperature,
        String text) {
      this(step, prompt, tokens, proposedBy, temperature, text, null, null);
    }

    /** The prompt as text. */
    public String promptAsText() {
      return promptText != null ? promptText : TokenText.text(prompt);
    }
  }

  /**
   * Greedy decoding was measured with and without speculation on held-out prompts.
   *
   * @param step steps done
   * @param prompts number of prompts
   * @param tokens tokens written in all, each way
   * @param acceptance share of drafts accepted, by depth 1..D
   * @param tokensPerStep new tokens for each run of the trunk, speculating
   * @param plainTokensPerSecond without speculation
   * @param speculativeTokensPerSecond with it
   * @param same whether both ways wrote the same tokens
   * @param speedup median over the rounds of the ratio of the two speeds of a round; null in old
   *     files, as are the following
   * @param conditionalAcceptance share accepted of the drafts whose predecessors were, by depth
   * @param positionWidth new tokens of an entry of {@code acceptanceByPosition}
   * @param acceptanceByPosition {@code acceptance} for each so many new tokens
   */
  record Decoding(
      int step,
      int prompts,
      long tokens,
      List<Double> acceptance,
      double tokensPerStep,
      double plainTokensPerSecond,
      double speculativeTokensPerSecond,
      boolean same,
      Double speedup,
      List<Double> conditionalAcceptance,
      Integer positionWidth,
      List<List<Double>> acceptanceByPosition)
      implements MetricsLine {
    /** A measurement without what was added later. */
    public Decoding(
        int step,
        int prompts,
        long tokens,
        List<Double> acceptance,
        double tokensPerStep,
        double plainTokensPerSecond,
        double speculativeTokensPerSecond,
        boolean same) {
      this(
          step,
          prompts,
          tokens,
          acceptance,
          tokensPerStep,
          plainTokensPerSecond,
          speculativeTokensPerSecond,
          same,
          null,
          null,
          null,
          null);
    }
  }

  /**
   * The run, or this part of it, ended in good order.
   *
   * @param time ISO-8601 instant
   * @param steps steps done in all
   * @param tokens tokens seen in all
   * @param tokensPerSecond training rate of this part, evaluations not counted
   * @param seconds wall time of this part, everything counted
   * @param peakMemoryBytes most memory that the process had resident, Java's own included; null
   *     where the system does not tell
   * @param checkpoint the last checkpoint
   */
  record End(
      String time,
      int steps,
      long tokens,
      double tokensPerSecond,
      double seconds,
      Long peakMemoryBytes,
      String checkpoint)
      implements MetricsLine {}
}
