package org.foretoken.cli;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.foretoken.cli.progress.ConversionProgress;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.convert.ConversionResult;
import org.foretoken.model.convert.ExportModel;
import org.foretoken.model.exchange.WeightFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken export}: a trained model in the layout of DeepSeek-V3's published weights. */
@Command(
    name = "export",
    sortOptions = false,
    description = "Writes a trained model as a folder that other programs read.",
    footer = {
      "",
      "The folder holds config.json, shards with an index, and tokenizer.json; the MTP modules are",
      "the layers after the last. It is complete or absent; an interrupted run leaves OUT.partial,",
      "and the same command goes on from there. 'generate --model OUT' reads it.",
      "",
      "Examples:",
      "  foretoken export runs/tiny tiny-fp8/",
      "  foretoken export runs/tiny tiny-bf16/ --dtype bf16 --shard-size 2GB"
    })
final class ExportCommand extends ForetokenCommand {
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,9})(KB|MB|GB)", Pattern.CASE_INSENSITIVE);

  @Parameters(index = "0", paramLabel = "IN", description = "Folder of a run or of a checkpoint.")
  private Path input;

  @Parameters(index = "1", paramLabel = "OUT", description = "Folder to be made.")
  private Path output;

  @Option(
      names = "--dtype",
      paramLabel = "T",
      description =
          "fp8: linear layers in E4M3 with scales for blocks of 128x128, the rest in BF16, as"
              + " DeepSeek-V3 (default); bf16; fp32: the model to the last bit.")
  private WeightFormat dtype = WeightFormat.FP8;

  @Option(
      names = "--shard-size",
      paramLabel = "SIZE",
      description = "Most bytes of tensors in a file, such as 500MB (default: 5GB).")
  private String shardSize = "5GB";

  @Option(names = "--json", description = "Print the result as one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() {
    long bytes = bytes(shardSize);
    try (ConversionProgress progress = new ConversionProgress(err(), "export")) {
      ConversionResult result =
          ExportModel.run(HostPool.shared(), input, output, dtype, bytes, progress);
      progress.close();
      ConversionReport.print(json ? err() : out(), result, false);
      if (json) {
        out().println(ConversionReport.json(result, false));
      }
    }
    return 0;
  }

  private long bytes(String size) {
    Matcher m = SIZE.matcher(size);
    if (!m.matches() || Long.parseLong(m.group(1)) == 0) {
      throw wrong("--shard-size: expected a size such as 500MB or 5GB, found '" + size + "'");
    }
    long unit =
        switch (Character.toUpperCase(m.group(2).charAt(0))) {
          case 'K' -> 1_000L;
          case 'M' -> 1_000_000L;
          default -> 1_000_000_000L;
        };
    return Long.parseLong(m.group(1)) * unit;
  }
}
