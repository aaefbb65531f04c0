package org.foretoken.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.cli.config.Configs;
import org.foretoken.cli.config.Configs.Setting;
import org.foretoken.cli.config.Presets;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.CheckpointStore;
import org.foretoken.model.train.MemoryCheck;
import org.foretoken.model.train.TrainCheckpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken train}: trains a model, or goes on training one. */
@Command(
    name = "train",
    sortOptions = false,
    description =
        "Trains a multi-token-prediction model; without arguments, a small one on the JDK's own"
            + " sources.",
    footer = {
      "",
      "Examples:",
      "  foretoken train                                the default run",
      "  foretoken train --data notes/ --steps 1000     on your own text",
      "  foretoken train --set model.mtp_depth=0        the plain language model",
      "  foretoken train --resume runs/tiny --steps 600 go on"
    })
final class TrainCommand extends ForetokenCommand {
  @Parameters(
      paramLabel = "CONFIG",
      arity = "0..1",
      description = "YAML file or name of a preset in configs/ (default: tiny).")
  private String config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set one value, such as model.layers=2; may be repeated.")
  private List<String> settings = new ArrayList<>();

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description = "Text to train on: a file, folder or zip.")
  private Path data;

  @Option(names = "--steps", paramLabel = "N", description = "Steps in all, also when resuming.")
  private String steps;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the run (default: runs/<name>, numbered where that is taken).")
  private Path out;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description = "Go on with the run in that folder from its last checkpoint.")
  private Path resume;

  @Option(
      names = "--recipe",
      paramLabel = "R",
      description =
          "Precision: fp32, bf16, deepseek, hybrid; simulated: tensorwise, mxfp8, block_gradients.")
  private String recipe;

  @Option(names = "--device", paramLabel = "D", description = Devices.HELP)
  private String device = Devices.DEFAULT;

  @Mixin private GpuOptions gpu;

  @Option(names = "--json", description = "Print the result as one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() {
    Path checkpoint = resume == null ? null : resumedCheckpoint();
    RunConfig run = configuration(checkpoint);
    requireMemoryForWeights(run);
    Corpus corpus = Corpus.read(run.data(), run.model().vocabSize());
    Path folder =
        checkpoint == null ? RunFolder.forNewRun(out, run.name()) : RunFolder.of(checkpoint);
    PrintWriter human = json ? err() : out();
    try (Backend backend = gpu.open(device, false);
        TrainRun training = new TrainRun(run, corpus, backend, folder, human, err())) {
      TrainRun.Summary summary = training.run(checkpoint);
      if (json) {
        out().println(summary.json());
      }
      return summary.exitCode();
    } finally {
      RunFolder.removeIfEmpty(folder);
    }
  }

  /**
   * Refuses at once what cannot fit whatever its activations take: the whole bill needs the graph
   * of a step, and that of a model a hundred times too large takes its time.
   */
  private static void requireMemoryForWeights(RunConfig run) {
    long weightAndGradient = 2 * Float.BYTES;
    long moments = 2L * PrecisionTable.of(run.train().recipe()).moments().bytes();
    long parameters = ModelLayout.of(run.model()).parameterCount();
    new MemoryCheck(parameters * (weightAndGradient + moments), 0, 0).require();
  }

  private Path resumedCheckpoint() {
    if (config != null) {
      throw wrong(
          "--resume: expected no configuration beside it, found '"
              + config
              + "'; the checkpoint has its own, change values with --set");
    }
    if (out != null) {
      throw wrong("--out: expected none with --resume, which goes on in the run's own folder");
    }
    return CheckpointStore.locate(resume);
  }

  private RunConfig configuration(Path checkpoint) {
    List<Setting> all = new ArrayList<>();
    settings.forEach(s -> all.add(Setting.of(s)));
    if (data != null) {
      all.add(Setting.of("--data", "data.path", data.toString()));
      all.add(Setting.of("--data", "data.include", ""));
    }
    if (recipe != null) {
      all.add(Setting.of("--recipe", "train.recipe", recipe));
    }
    if (steps != null) {
      all.add(Setting.of("--steps", "train.steps", steps));
    }
    if (checkpoint != null) {
      RunConfig run =
          Configs.change(
              TrainCheckpoint.config(checkpoint),
              checkpoint.resolve("config.json").toString(),
              all);
      int done = CheckpointStore.stepOf(checkpoint);
      if (done >= run.train().steps()) {
        throw wrong(
            "--resume: expected more steps than the "
                + done
                + " that are done, found "
                + run.train().steps()
                + "; give the new total with --steps");
      }
      return withAbsoluteData(run);
    }
    String source = config == null ? Presets.DEFAULT : config;
    return withAbsoluteData(Configs.load(source, shortened(source, all)));
  }

  /**
   * A warm-up that a preset made for more steps than --steps asks for is cut to a tenth of them.
   */
  private List<Setting> shortened(String source, List<Setting> all) {
    if (steps == null || !steps.matches("[1-9]\\d{0,8}")) {
      return all;
    }
    List<Setting> withoutSteps = all.subList(0, all.size() - 1);
    TrainConfig train = Configs.load(source, withoutSteps).train();
    int total = Integer.parseInt(steps);
    if (train.scheduleSteps() > 0 || train.warmupSteps() <= total) {
      return all;
    }
    int warmup = Math.max(1, total / 10);
    err()
        .println(
            "warm-up shortened from "
                + train.warmupSteps()
                + " to "
                + warmup
                + " steps, since the schedule has "
                + total);
    List<Setting> more = new ArrayList<>(all);
    more.add(Setting.of("--steps", "train.warmup_steps", Integer.toString(warmup)));
    return more;
  }

  /** Paths of the data as seen from anywhere, so that a run can be resumed from another folder. */
  private static RunConfig withAbsoluteData(RunConfig run) {
    List<Setting> absolute = new ArrayList<>();
    absolute(absolute, "--data", "data.path", run.data().path());
    absolute(absolute, "--set", "data.tokenizer", run.data().tokenizer());
    return absolute.isEmpty() ? run : Configs.change(run, "configuration", absolute);
  }

  private static void absolute(List<Setting> to, String option, String key, String path) {
    if (!path.isEmpty()) {
      to.add(Setting.of(option, key, Path.of(path).toAbsolutePath().normalize().toString()));
    }
  }
}
