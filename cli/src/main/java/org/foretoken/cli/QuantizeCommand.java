package org.foretoken.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.foretoken.cli.progress.ConversionProgress;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.convert.ConversionResult;
import org.foretoken.model.convert.LinearWeights;
import org.foretoken.model.convert.QuantizeCheckpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken quantize}: FP8 weights from a checkpoint in FP32, BF16 or FP16. */
@Command(
    name = "quantize",
    sortOptions = false,
    description =
        "Quantizes the linear layers of a safetensors checkpoint; norms, embeddings, head and gates"
            + " stay as they are.",
    footer = {
      "",
      "The output has DeepSeek-V3's layout: F8_E4M3 weights with NAME_scale_inv beside them, and",
      "quantization_config in config.json. It is complete or absent; an interrupted run leaves",
      "OUT.partial, and the same command goes on from there.",
      "",
      "Recipes with a file format: deepseek (another name of 128x128), tensor, row, 1x128, 128x1,",
      "128x128, 128x128-pow2, mxfp8, mxfp8-ocp, mxfp4, int8-row.",
      "",
      "Examples:",
      "  foretoken quantize model/ model-fp8/ --recipe deepseek",
      "  foretoken quantize model/ model-mx/ --recipe mxfp8 --report"
    })
final class QuantizeCommand extends ForetokenCommand {
  @Parameters(index = "0", paramLabel = "IN", description = "Folder with the safetensors files.")
  private Path input;

  @Parameters(index = "1", paramLabel = "OUT", description = "Folder to be made.")
  private Path output;

  @Option(
      names = "--recipe",
      paramLabel = "R",
      description = "Preset or YAML file (default: deepseek).")
  private String recipe = "deepseek";

  @Option(
      names = "--include",
      paramLabel = "REGEX",
      description = "Quantize matrices of these names too.")
  private Pattern include;

  @Option(
      names = "--exclude",
      paramLabel = "REGEX",
      description = "Leave tensors of these names as they are.")
  private Pattern exclude;

  @Option(
      names = "--report",
      description = "Measure SQNR, largest error, saturation and underflow of each tensor.")
  private boolean report;

  @Option(names = "--json", description = "Print the result as one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() {
    QuantizationRecipe read = RecipeOption.read(recipe);
    try (ConversionProgress progress = new ConversionProgress(err(), "quantize")) {
      ConversionResult result =
          QuantizeCheckpoint.run(
              HostPool.shared(),
              input,
              output,
              read,
              new LinearWeights(include, exclude),
              report,
              progress);
      progress.close();
      PrintWriter human = json ? err() : out();
      ConversionReport.print(human, result, report);
      if (json) {
        ObjectNode node = ConversionReport.json(result, report);
        node.set("recipe", Json.MAPPER.valueToTree(read.toMap()));
        out().println(node);
      }
    }
    return 0;
  }
}
