package org.foretoken.model.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.foretoken.model.config.ConfigJson;
import org.foretoken.model.config.ConfigRules;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;

/** Variants of a configuration. */
final class Runs {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private Runs() {}

  /** The run with one value changed; {@code path} as in YAML, such as {@code train.steps}. */
  static RunConfig with(RunConfig run, String path, Object value) {
    try {
      ObjectNode tree = (ObjectNode) MAPPER.readTree(ConfigJson.write(run));
      String[] steps = path.split("\\.");
      ObjectNode at = tree;
      for (int i = 0; i < steps.length - 1; i++) {
        at = (ObjectNode) at.get(steps[i]);
      }
      at.set(steps[steps.length - 1], MAPPER.valueToTree(value));
      return ConfigRules.require(ConfigJson.read(path, MAPPER.writeValueAsString(tree)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(path + ": " + e.getOriginalMessage(), e);
    }
  }

  /** The run with this seed, recipe and number of MTP modules. */
  static RunConfig of(RunConfig run, long seed, Recipe recipe, int depth) {
    RunConfig seeded = with(run, "train.seed", seed);
    return with(with(seeded, "train.recipe", recipe), "model.mtp_depth", depth);
  }

  /** The run with other steps, its warm-up and its schedule in proportion. */
  static RunConfig steps(RunConfig run, int steps) {
    TrainConfig train = run.train();
    RunConfig changed = with(run, "train.warmup_steps", 0);
    changed = with(changed, "train.steps", steps);
    int schedule = Math.ceilDiv(train.scheduleSteps() * steps, train.steps());
    changed = with(changed, "train.schedule_steps", schedule);
    int warmup = Math.max(1, train.warmupSteps() * steps / train.steps());
    return with(changed, "train.warmup_steps", warmup);
  }
}
