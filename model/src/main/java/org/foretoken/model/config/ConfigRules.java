package org.foretoken.model.config;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.fp8.InputException;

/** What values a configuration may have, beyond their types: the one place for all ranges. */
public final class ConfigRules {
  /** Tokens of a step: rows of every activation. */
  public static final int MAX_TOKENS_A_STEP = 1 << 20;

  /** Micro-batches of a step. */
  public static final int MAX_MICRO_BATCHES = 1 << 10;

  /** A token is a byte of the text. */
  public static final int BYTE_VOCABULARY = 256;

  /**
   * A value out of its range.
   *
   * @param path where, in the names of the YAML files, such as {@code model.attention.kv_heads}
   * @param expected the range
   * @param found the value
   */
  public record Violation(String path, String expected, String found) {
    /** One line: path, expected, found. */
    public String message() {
      return path + ": expected " + expected + ", found " + found;
    }
  }

  private final List<Violation> violations = new ArrayList<>();

  private ConfigRules() {}

  /** All violations, in the order of the records' components; empty for a valid configuration. */
  public static List<Violation> violations(RunConfig config) {
    ConfigRules rules = new ConfigRules();
    rules.name("name", config.name());
    rules.model(config.model());
    rules.train(config.train(), config.model());
    rules.within(
        "data.validation_fraction", config.data().validationFraction(), 0, false, 1, false);
    return List.copyOf(rules.violations);
  }

  /**
   * Returns a valid configuration as it is.
   *
   * @throws InputException with the first violation
   */
  public static RunConfig require(RunConfig config) {
    List<Violation> violations = violations(config);
    if (!violations.isEmpty()) {
      throw new InputException(violations.getFirst().message());
    }
    return config;
  }

  private void model(ModelConfig c) {
    name("model.name", c.name());
    range("model.vocab_size", c.vocabSize(), BYTE_VOCABULARY, 1_000_000);
    range("model.hidden_size", c.hiddenSize(), 1, 65_536);
    range("model.layers", c.layers(), 1, 1024);
    attention(c.attention());
    range("model.intermediate_size", c.intermediateSize(), 1, 1_000_000);
    feedForward(c);
    within("model.rope_theta", c.ropeTheta(), 1, false, 1e12, true);
    within("model.rms_norm_eps", c.rmsNormEps(), 0, false, 0.1, true);
    range("model.mtp_depth", c.mtpDepth(), 0, 16);
    within("model.init_std", c.initStd(), 0, false, 1, true);
  }

  private void attention(AttentionConfig attention) {
    switch (attention) {
      case AttentionConfig.GroupedQuery c -> {
        range("model.attention.heads", c.heads(), 1, 1024);
        range("model.attention.kv_heads", c.kvHeads(), 1, 1024);
        range("model.attention.head_dim", c.headDim(), 2, 1024);
        if (c.kvHeads() > 0) {
          require(
              c.heads() % c.kvHeads() == 0,
              "model.attention.kv_heads",
              "a divisor of heads (" + c.heads() + ")",
              c.kvHeads());
        }
        require(
            c.headDim() % 2 == 0,
            "model.attention.head_dim",
            "an even number, since rotary positions turn pairs",
            c.headDim());
      }
      case AttentionConfig.Latent c -> {
        range("model.attention.heads", c.heads(), 1, 1024);
        range("model.attention.q_lora_rank", c.qLoraRank(), 0, 65_536);
        range("model.attention.kv_lora_rank", c.kvLoraRank(), 1, 4096);
        range("model.attention.qk_nope_head_dim", c.qkNopeHeadDim(), 1, 1024);
        range("model.attention.qk_rope_head_dim", c.qkRopeHeadDim(), 2, 1024);
        range("model.attention.v_head_dim", c.vHeadDim(), 1, 1024);
        require(
            c.qkRopeHeadDim() % 2 == 0,
            "model.attention.qk_rope_head_dim",
            "an even number, since rotary positions turn pairs",
            c.qkRopeHeadDim());
      }
    }
  }

  private void feedForward(ModelConfig model) {
    switch (model.feedForward()) {
      case FeedForwardConfig.Dense c -> {}
      case FeedForwardConfig.MixtureOfExperts c -> experts(c, model.layers());
    }
  }

  private void experts(FeedForwardConfig.MixtureOfExperts c, int layers) {
    String path = "model.feed_forward.";
    int routed = c.routedExperts();
    range(path + "routed_experts", routed, 1, 4096);
    range(path + "shared_experts", c.sharedExperts(), 0, 64);
    range(path + "experts_per_token", c.expertsPerToken(), 1, Math.min(64, Math.max(1, routed)));
    range(path + "moe_intermediate_size", c.moeIntermediateSize(), 1, 1_000_000);
    int groups = c.expertGroups();
    require(
        groups >= 1 && routed % Math.max(1, groups) == 0,
        path + "expert_groups",
        "a divisor of routed_experts (" + routed + ")",
        groups);
    range(path + "topk_group", c.topkGroup(), 1, Math.max(1, groups));
    long eligible = groups < 1 ? routed : (long) c.topkGroup() * (routed / groups);
    require(
        c.expertsPerToken() <= eligible,
        path + "experts_per_token",
        "at most the experts of topk_group groups (" + eligible + ")",
        c.expertsPerToken());
    within(path + "routed_scaling_factor", c.routedScalingFactor(), 0, false, 1e3, true);
    within(path + "bias_update_speed", c.biasUpdateSpeed(), 0, true, 1, true);
    within(path + "balance_loss_alpha", c.balanceLossAlpha(), 0, true, 10, true);
    range(path + "first_dense_layers", c.firstDenseLayers(), 0, Math.max(0, layers));
  }

  private void train(TrainConfig c, ModelConfig model) {
    require(
        !(c.recipe().simulated()
            && model.feedForward() instanceof FeedForwardConfig.MixtureOfExperts),
        "train.recipe",
        "fp32, bf16, deepseek or hybrid for a mixture of experts",
        c.recipe().name().toLowerCase(java.util.Locale.ROOT));
    range("train.batch_size", c.batchSize(), 1, MAX_TOKENS_A_STEP);
    int shortest = Math.max(0, model.mtpDepth()) + 2;
    if (c.sequenceLength() < shortest) {
      add(
          "train.sequence_length",
          "at least " + shortest + ", so that MTP depth " + model.mtpDepth() + " has a target",
          c.sequenceLength());
    }
    range("train.sequence_length", c.sequenceLength(), 2, MAX_TOKENS_A_STEP);
    require(
        (long) c.batchSize() * c.sequenceLength() <= MAX_TOKENS_A_STEP,
        "train.batch_size",
        "at most "
            + MAX_TOKENS_A_STEP
            + " tokens a micro-batch (batch_size x sequence_length; see train.accumulation)",
        (long) c.batchSize() * c.sequenceLength());
    range("train.accumulation", c.accumulation(), 1, MAX_MICRO_BATCHES);
    range("train.steps", c.steps(), 1, 1_000_000_000);
    range("train.schedule_steps", c.scheduleSteps(), 0, 1_000_000_000);
    int schedule = c.scheduleSteps() == 0 ? c.steps() : c.scheduleSteps();
    require(
        c.warmupSteps() >= 0 && c.warmupSteps() <= schedule,
        "train.warmup_steps",
        "0 to the schedule's length (" + schedule + " steps)",
        c.warmupSteps());
    within("train.learning_rate", c.learningRate(), 0, false, 10, true);
    within("train.min_learning_rate", c.minLearningRate(), 0, true, c.learningRate(), true);
    within("train.beta1", c.beta1(), 0, true, 1, false);
    within("train.beta2", c.beta2(), 0, true, 1, false);
    within("train.epsilon", c.epsilon(), 0, false, 1, true);
    within("train.weight_decay", c.weightDecay(), 0, true, 10, true);
    within("train.gradient_clip", c.gradientClip(), 0, true, 1e9, true);
    within("train.mtp_lambda", c.mtpLambda(), 0, true, 100, true);
    within("train.mtp_lambda_late", c.mtpLambdaLate(), 0, true, 100, true);
    within("train.mtp_lambda_switch", c.mtpLambdaSwitch(), 0, true, 1, true);
    range("train.eval_every", c.evalEvery(), 0, 1_000_000_000);
    range("train.eval_batches", c.evalBatches(), 1, 1_000_000);
    range("train.checkpoint_every", c.checkpointEvery(), 0, 1_000_000_000);
  }

  private void name(String path, String name) {
    require(
        name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        path,
        "1 to 64 letters, digits, '.', '_' and '-', since it names a folder",
        "'" + name + "'");
  }

  private void range(String path, int value, int least, int most) {
    require(value >= least && value <= most, path, least + " to " + most, value);
  }

  private void within(
      String path, double value, double low, boolean lowIn, double high, boolean highIn) {
    boolean above = lowIn ? value >= low : value > low;
    boolean below = highIn ? value <= high : value < high;
    String expected =
        (lowIn ? "at least " : "more than ")
            + number(low)
            + (highIn ? " and at most " : " and less than ")
            + number(high);
    require(above && below, path, expected, number(value));
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e7
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private void require(boolean holds, String path, String expected, Object found) {
    if (!holds) {
      add(path, expected, found);
    }
  }

  private void add(String path, String expected, Object found) {
    violations.add(new Violation(path, expected, String.valueOf(found)));
  }
}
