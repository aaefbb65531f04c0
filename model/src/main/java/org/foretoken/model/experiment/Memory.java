package org.foretoken.model.experiment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.foretoken.model.config.ConfigJson;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.MemoryCheck;
import org.foretoken.model.train.TrainGraph;

/**
 * What each precision recipe saves: bytes planned for a training step, and the peak of a process
 * that makes a few steps, as the system counts it. Each run is a process of its own; what the JVM
 * takes for itself is measured with a model of a few kilobytes and taken off.
 *
 * @param run the configuration; recipe and seed are not used
 * @param recipes recipes, {@code fp32} among them
 */
public record Memory(RunConfig run, List<Recipe> recipes) implements Experiment {
  private static final String STATE = "state_bytes";
  private static final String PLANNED = "planned_bytes";
  private static final String ACTIVATIONS = "activation_bytes";
  private static final String PEAK = "peak_bytes";
  private static final String BASELINE = "jvm alone";
  private static final Recipe SAVES = Recipe.DEEPSEEK;
  private static final Recipe SIMULATED = Recipe.TENSORWISE;

  private static String arm(Recipe recipe) {
    return recipe.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public List<String> arms() {
    List<String> arms = new ArrayList<>(List.of(BASELINE));
    recipes.forEach(r -> arms.add(arm(r)));
    return arms;
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    Recipe recipe =
        arm.equals(BASELINE) ? Recipe.FP32 : Recipe.valueOf(arm.toUpperCase(Locale.ROOT));
    RunConfig chosen = Runs.of(run, seed, recipe, run.model().mtpDepth());
    if (arm.equals(BASELINE)) {
      chosen = Runs.with(chosen, "model.hidden_size", 8);
      chosen = Runs.with(chosen, "model.attention.head_dim", 2);
      chosen = Runs.with(chosen, "model.intermediate_size", 8);
      chosen = Runs.with(chosen, "model.layers", 1);
    }
    PrecisionTable precision = PrecisionTable.of(recipe);
    ModelLayout layout = ModelLayout.of(chosen.model());
    int rows = chosen.train().batchSize() * chosen.train().sequenceLength();
    MemoryCheck planned =
        MemoryCheck.of(
            List.of(
                TrainGraph.step(chosen.model(), layout, precision, rows),
                TrainGraph.evaluation(chosen.model(), layout, precision, rows)));
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(STATE, (double) MemoryCheck.ofParameters(layout, precision).residentBytes());
    values.put(PLANNED, (double) planned.totalBytes());
    values.put(ACTIVATIONS, (double) planned.transientBytes());
    values.put(PEAK, peak(chosen));
    values.put("parameters", (double) layout.parameterCount());
    return Measurement.of(values);
  }

  /** Peak resident bytes of a process that trains the run. */
  private static double peak(RunConfig run) {
    try {
      Path folder = Files.createTempDirectory("foretoken-memory");
      Path config = Files.writeString(folder.resolve("config.json"), ConfigJson.write(run));
      Path answer = folder.resolve("peak");
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
        if (flag.startsWith("--add-") || flag.startsWith("--enable-native")) {
          command.add(flag);
        }
      }
      command.addAll(List.of("-XX:+UseSerialGC", "-Xms64m", "-Xmx256m"));
      command.addAll(List.of("-XX:MaxDirectMemorySize=1t", "-cp"));
      command.add(System.getProperty("java.class.path"));
      command.addAll(List.of(MemoryProbe.class.getName(), config.toString(), answer.toString()));
      Path log = folder.resolve("log");
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      int code = process.waitFor();
      if (code != 0 || !Files.exists(answer)) {
        throw new IllegalStateException(
            "memory: expected a process that trains, found exit code "
                + code
                + ": "
                + Files.readString(log)
                    .lines()
                    .filter(l -> !l.contains("incubator"))
                    .findFirst()
                    .orElse("no output"));
      }
      double peak = Double.parseDouble(Files.readString(answer).strip());
      for (Path file : List.of(config, answer, log, folder)) {
        Files.deleteIfExists(file);
      }
      return peak;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("memory: interrupted", e);
    }
  }

  private Interval saved(Results results, Recipe recipe, String value) {
    return Interval.of(results.differences(arm(Recipe.FP32), arm(recipe), value).stream().toList());
  }

  @Override
  public Findings conclude(Results results) {
    double parameters = results.interval(arm(Recipe.FP32), "parameters").mean();
    Interval planned = saved(results, SAVES, PLANNED);
    Interval measured = saved(results, SAVES, PEAK);
    Interval simulated = saved(results, SIMULATED, ACTIVATIONS);
    double bytes = results.interval(arm(SAVES), STATE).mean() / parameters;
    double full = results.interval(arm(Recipe.FP32), STATE).mean() / parameters;
    Interval relative = Texts.scaled(measured, 1 / planned.mean());
    Verdict verdict =
        bytes == 12 && measured.above(0)
            ? Verdict.HOLDS
            : measured.below(0) ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
    List<List<String>> rows = new ArrayList<>();
    List<Figure.Row> peaks = new ArrayList<>();
    Map<String, Object> peakBytes = new LinkedHashMap<>();
    Map<String, Object> plannedBytes = new LinkedHashMap<>();
    for (Recipe recipe : recipes) {
      String arm = arm(recipe);
      Interval peak = Interval.of(results.differences(arm, BASELINE, PEAK));
      rows.add(
          List.of(
              arm,
              Texts.number(results.interval(arm, STATE).mean() / parameters),
              mebibytes(results.interval(arm, STATE)),
              mebibytes(results.interval(arm, ACTIVATIONS)),
              mebibytes(results.interval(arm, PLANNED)),
              mebibytes(peak)));
      peaks.add(new Figure.Row(arm, Texts.scaled(peak, 1.0 / (1 << 20))));
      peakBytes.put(arm, peak.mean());
      plannedBytes.put(arm, results.interval(arm, PLANNED).mean());
    }
    return new Findings(
        verdict,
        Texts.of(
            "Weights, gradients and moments take %s bytes a parameter in deepseek and %s in fp32. A"
                + " training step was planned to take %s MiB less; the process took %s MiB less (%s"
                + " of the plan).",
            Texts.number(bytes),
            Texts.number(full),
            mebibytes(planned),
            mebibytes(measured),
            Texts.percent(relative)),
        "Bytes a parameter do not depend on size; the share of the activations does, and with it"
            + " the sum: at 671 billion parameters state outweighs a micro-batch's activations. On"
            + " a CPU activations between operations stay FP32, so that FP8 codes come on top of"
            + " them.",
        List.of(
            new Findings.Control(
                "A simulated recipe (FP8 values kept in FP32) must save no activation memory",
                simulated.mean() <= 0,
                mebibytes(simulated) + " MiB saved")),
        List.of(
            new Figure.Table(
                Texts.of("A model of %,.0f parameters, MiB", parameters),
                List.of(
                    "recipe",
                    "state, bytes a parameter",
                    "state",
                    "activations, planned",
                    "all, planned",
                    "process, measured"),
                rows),
            new Figure.Intervals(
                "Peak of the process, less the JVM's own", "MiB", peaks, List.of())),
        Map.of(
            "state_bytes_a_parameter", Map.of(arm(SAVES), bytes, arm(Recipe.FP32), full),
            "planned_bytes", plannedBytes,
            "peak_bytes", peakBytes));
  }

  private static String mebibytes(Interval bytes) {
    return Texts.interval(Texts.scaled(bytes, 1.0 / (1 << 20)));
  }
}
