package org.foretoken.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.foretoken.cli.config.Configs;
import org.foretoken.cli.config.Configs.Setting;
import org.foretoken.cli.config.Presets;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.ConfigRules;
import org.foretoken.model.config.DataConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.convert.ImportModel;
import org.foretoken.model.data.ByteTokenizerFile;
import org.foretoken.model.data.JsonTokenizer;
import org.foretoken.model.exchange.ModelFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken import}: makes another program's model the start of a run. */
@Command(
    name = "import",
    sortOptions = false,
    description =
        "Makes a model with config.json and safetensors, in DeepSeek-V3's or Llama's names, the"
            + " start of a run.",
    footer = {
      "",
      "Training goes on from there; to let the model write, 'generate --model IN' needs no import.",
      "",
      "Examples:",
      "  foretoken import model/ runs/tuned --set train.learning_rate=1e-4 --steps 500",
      "  foretoken train --resume runs/tuned --data notes/"
    })
final class ImportCommand extends ForetokenCommand {
  @Parameters(index = "0", paramLabel = "IN", description = "Folder of the model.")
  private Path input;

  @Parameters(index = "1", paramLabel = "OUT", description = "Folder of the run, to be made.")
  private Path output;

  @Option(
      names = "--config",
      paramLabel = "CONFIG",
      description = "YAML file or preset that training and data come from (default: tiny).")
  private String config = Presets.DEFAULT;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set one value, such as train.learning_rate=1e-4; may be repeated.")
  private List<String> settings = List.of();

  @Option(names = "--steps", paramLabel = "N", description = "Steps of the run.")
  private String steps;

  @Option(
      names = "--mtp-depth",
      paramLabel = "D",
      description = "MTP modules to read; 0: the trunk alone.")
  private Integer mtpDepth;

  @Override
  public Integer call() {
    OptionalInt depth = mtpDepth == null ? OptionalInt.empty() : OptionalInt.of(mtpDepth);
    try (ModelFolder folder = ModelFolder.open(input, depth)) {
      RunConfig base = base();
      Path target = RunFolder.forNewRun(output, base.name());
      try {
        RunConfig run =
            new RunConfig(base.name(), folder.model(), base.train(), data(folder, base, target));
        Path checkpoint = ImportModel.run(folder, ConfigRules.require(run), target);
        out().println(checkpoint + ": go on with: foretoken train --resume " + target);
      } finally {
        RunFolder.removeIfEmpty(target);
      }
    }
    return 0;
  }

  private RunConfig base() {
    List<Setting> all = new ArrayList<>();
    settings.forEach(s -> all.add(Setting.of(s)));
    if (steps != null) {
      all.add(Setting.of("--steps", "train.steps", steps));
    }
    return Configs.load(config, all);
  }

  /** The data of the configuration in the model's own tokens: its tokenizer stays with the run. */
  private static DataConfig data(ModelFolder folder, RunConfig base, Path target) {
    DataConfig data = base.data();
    String tokenizer = data.tokenizer();
    try {
      if (tokenizer.isEmpty() && folder.tokenizer().isPresent()) {
        Path source = folder.tokenizer().get();
        byte[] bytes = Files.readAllBytes(source);
        if (!Arrays.equals(bytes, ByteTokenizerFile.bytes())) {
          Path copy = target.resolve(JsonTokenizer.FILE);
          Files.write(copy, bytes);
          Path names = source.resolveSibling(JsonTokenizer.SETTINGS);
          if (Files.isRegularFile(names)) {
            Files.copy(names, target.resolve(JsonTokenizer.SETTINGS));
          }
          tokenizer = copy.toAbsolutePath().normalize().toString();
        }
      }
    } catch (IOException e) {
      throw new InputException("'" + target + "': cannot be written (" + e.getMessage() + ")", e);
    }
    return new DataConfig(
        data.path(), data.include(), tokenizer, data.documentMask(), data.validationFraction());
  }
}
