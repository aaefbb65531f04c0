package org.foretoken.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.cli.progress.ConversionProgress;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.convert.ConversionResult;
import org.foretoken.model.convert.DequantizeCheckpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken dequantize}: BF16 or FP32 weights from a quantized checkpoint. */
@Command(
    name = "dequantize",
    sortOptions = false,
    description =
        "Makes BF16 or FP32 weights from a quantized checkpoint in DeepSeek-V3's layout; what has no"
            + " scales stays as it is.",
    footer = {"", "Example:", "  foretoken dequantize model-fp8/ model-bf16/ --to bf16"})
final class DequantizeCommand extends ForetokenCommand {
  @Parameters(index = "0", paramLabel = "IN", description = "Folder with the safetensors files.")
  private Path input;

  @Parameters(index = "1", paramLabel = "OUT", description = "Folder to be made.")
  private Path output;

  @Option(names = "--to", paramLabel = "T", description = "bf16 (default) or fp32.")
  private String to = "bf16";

  @Option(names = "--json", description = "Print the result as one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() {
    SafetensorsDType type =
        switch (to) {
          case "bf16" -> SafetensorsDType.BF16;
          case "fp32" -> SafetensorsDType.F32;
          default ->
              throw wrong(
                  "--to: expected bf16 or fp32, found '"
                      + to
                      + "'"
                      + DidYouMean.hint(to, java.util.List.of("bf16", "fp32")));
        };
    try (ConversionProgress progress = new ConversionProgress(err(), "dequantize")) {
      ConversionResult result =
          DequantizeCheckpoint.run(HostPool.shared(), input, output, type, progress);
      progress.close();
      PrintWriter human = json ? err() : out();
      ConversionReport.print(human, result, false);
      if (json) {
        out().println(ConversionReport.json(result, false).put("to", to));
      }
    }
    return 0;
  }
}
