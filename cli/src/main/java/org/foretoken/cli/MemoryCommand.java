package org.foretoken.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.foretoken.cli.config.Configs;
import org.foretoken.cli.text.ColumnTable;
import org.foretoken.cli.text.KvCacheText;
import org.foretoken.cli.text.Numbers;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.MemoryBill;
import org.foretoken.fp8.MemoryProfile;
import org.foretoken.fp8.PrecisionPlan;
import org.foretoken.model.checkpoint.CheckpointConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.memory.HuggingFaceConfig;
import org.foretoken.model.memory.KvCache;
import org.foretoken.model.memory.ModelShape;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken memory}: the memory bill of a model in every precision mix. */
@Command(
    name = "memory",
    sortOptions = false,
    description =
        "Adds up what a model takes in memory: weights, gradients, moments, activations and KV"
            + " cache, in several precision mixes.",
    footer = {
      "",
      "Sizes are decimal: 1 GB = 10^9 bytes.",
      "",
      "Examples:",
      "  foretoken memory 70b                       that many parameters",
      "  foretoken memory tiny                      a preset or YAML file of this program",
      "  foretoken memory deepseek-v3               DeepSeek-V3, of which nothing is allocated",
      "  foretoken memory DeepSeek-V3/config.json   a checkpoint's config.json",
      "  foretoken memory tiny --plan deepseek      line by line"
    })
final class MemoryCommand extends ForetokenCommand {
  private static final Pattern COUNT =
      Pattern.compile("([0-9]{1,6}(?:\\.[0-9]{1,6})?)([kKmMbBtT])");
  private static final long DEFAULT_TOKENS = 4096;

  @Parameters(
      paramLabel = "CONFIG",
      description =
          "Number of parameters as in 70b, preset, YAML file, config.json, or a checkpoint's folder.")
  private String config;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description =
          "Tokens of a training step whose activations are kept at a time (default: the"
              + " configuration's batch, else 4096).")
  private Long tokens;

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Tokens in the KV cache (default: 4096).")
  private long context = DEFAULT_TOKENS;

  @Option(
      names = "--plan",
      paramLabel = "P",
      description = "Show one precision plan line by line: fp32, bf16, deepseek, ...")
  private String plan;

  @Option(names = "--json", description = "Print one JSON object on standard output.")
  private boolean json;

  /** What the bill is of; {@code shape} is null where only a number of parameters is known. */
  private record Model(MemoryProfile profile, long tokens, ModelShape shape) {
    /** Caches of the trunk, as the bill counts them. */
    KvCache cache() {
      return KvCache.of(shape, shape.layers());
    }
  }

  @Override
  public Integer call() {
    Model model = model();
    long trainingTokens = tokens == null ? model.tokens() : tokens;
    if (trainingTokens < 0 || context < 0) {
      throw wrong("--tokens, --context: expected at least 0, found a negative number");
    }
    List<PrecisionPlan> plans =
        plan == null ? PrecisionPlan.ALL : List.of(PrecisionPlan.byName(plan, "--plan"));
    List<MemoryBill> bills = new ArrayList<>();
    try {
      for (PrecisionPlan each : plans) {
        bills.add(MemoryBill.of(each, model.profile(), trainingTokens, context));
      }
    } catch (ArithmeticException e) {
      throw new InputException(config + ": the bill overflows; give fewer tokens", e);
    }
    if (json) {
      out().println(json(model, trainingTokens, plans, bills));
    } else if (plan == null) {
      printPlans(model, trainingTokens, plans, bills);
      if (model.shape() != null) {
        out().println("KV cache " + KvCacheText.line(model.cache(), 2, "BF16"));
      }
    } else {
      printLines(bills.getFirst());
    }
    return 0;
  }

  private Model model() {
    Matcher count = COUNT.matcher(config);
    if (count.matches()) {
      double unit =
          switch (count.group(2).toLowerCase(Locale.ROOT)) {
            case "k" -> 1e3;
            case "m" -> 1e6;
            case "b" -> 1e9;
            default -> 1e12;
          };
      long parameters = Math.round(Double.parseDouble(count.group(1)) * unit);
      return new Model(MemoryProfile.ofParameters(config, parameters), 0, null);
    }
    Path path = Path.of(config);
    if (Files.isDirectory(path) || config.endsWith(".json")) {
      Path file = Files.isDirectory(path) ? path.resolve("config.json") : path;
      ModelShape shape = HuggingFaceConfig.read("'" + file + "'", CheckpointConfig.read(file));
      return new Model(shape.profile(), DEFAULT_TOKENS, shape);
    }
    RunConfig run = Configs.load(config, List.of());
    long batch = (long) run.train().batchSize() * run.train().sequenceLength();
    ModelShape shape = ModelShape.of(run.model());
    return new Model(shape.profile(), batch, shape);
  }

  private void printPlans(
      Model model, long trainingTokens, List<PrecisionPlan> plans, List<MemoryBill> bills) {
    MemoryProfile profile = model.profile();
    boolean experts = model.shape() != null && model.shape().experts() != null;
    String active =
        experts
            ? ", " + Numbers.count(model.shape().activeParameters()) + " active for a token"
            : "";
    out()
        .println(
            profile.name()
                + ": "
                + Numbers.count(profile.totalParameters())
                + " parameters"
                + active
                + "; activations of "
                + Numbers.count(trainingTokens)
                + " tokens, KV cache of "
                + Numbers.count(context));
    List<String> heading = new ArrayList<>(List.of(""));
    plans.forEach(each -> heading.add(each.name()));
    ColumnTable table = new ColumnTable(heading.toArray(String[]::new));
    for (MemoryBill.Item item : MemoryBill.Item.values()) {
      row(table, words(item), bills, bill -> decimal(bill.bytes(item)));
    }
    row(table, "training in all", bills, bill -> decimal(bill.trainingBytes()));
    row(table, "inference in all", bills, bill -> decimal(bill.inferenceBytes()));
    List<String> state = new ArrayList<>(List.of("optimizer, bytes a parameter"));
    plans.forEach(each -> state.add(Numbers.fixed(each.stateBytesPerParameter(), 0)));
    table.row(state.toArray(String[]::new));
    table.lines().forEach(out()::println);
  }

  private static void row(
      ColumnTable table,
      String name,
      List<MemoryBill> bills,
      java.util.function.Function<MemoryBill, String> cell) {
    List<String> cells = new ArrayList<>(List.of(name));
    bills.forEach(bill -> cells.add(cell.apply(bill)));
    table.row(cells.toArray(String[]::new));
  }

  private void printLines(MemoryBill bill) {
    ColumnTable table = new ColumnTable("what", "of", "in", "elements", "size");
    for (MemoryBill.Line line : bill.lines()) {
      table.row(
          words(line.item()),
          line.operation() == null ? "all" : words(line.operation()),
          line.storage(),
          Numbers.count(line.elements()),
          decimal(line.bytes()));
    }
    table.lines().forEach(out()::println);
  }

  private static String words(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** {@code 280 GB}: decimal units, as memory bills are usually written. */
  private static String decimal(long bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    int decimals = unit == 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return Numbers.fixed(value, decimals) + " " + units[unit];
  }

  private ObjectNode json(
      Model model, long trainingTokens, List<PrecisionPlan> plans, List<MemoryBill> bills) {
    MemoryProfile profile = model.profile();
    ObjectNode node = Json.object();
    node.put("model", profile.name());
    node.put("parameters", profile.totalParameters());
    node.put("training_tokens", trainingTokens);
    node.put("cached_tokens", context);
    if (model.shape() != null) {
      node.put("active_parameters", model.shape().activeParameters());
      KvCache cache = model.cache();
      ObjectNode kv = node.putObject("kv_cache_values_per_token");
      kv.put("blocks", cache.blocks());
      kv.put("kept", cache.blocks() * cache.kept());
      kv.put("multi_head", cache.blocks() * cache.multiHead());
      kv.put("grouped_query", cache.blocks() * cache.groupedQuery());
      kv.put("grouped_heads", cache.groupedHeads());
    }
    ArrayNode all = node.putArray("plans");
    for (int i = 0; i < bills.size(); i++) {
      MemoryBill bill = bills.get(i);
      ObjectNode row = all.addObject();
      row.put("plan", bill.plan());
      for (MemoryBill.Item item : MemoryBill.Item.values()) {
        row.put(item.name().toLowerCase(Locale.ROOT) + "_bytes", bill.bytes(item));
      }
      row.put("training_bytes", bill.trainingBytes());
      row.put("inference_bytes", bill.inferenceBytes());
      row.put("optimizer_bytes_per_parameter", plans.get(i).stateBytesPerParameter());
      if (plan != null) {
        ArrayNode lines = row.putArray("lines");
        for (MemoryBill.Line line : bill.lines()) {
          ObjectNode entry = lines.addObject();
          entry.put("item", line.item().name().toLowerCase(Locale.ROOT));
          entry.put(
              "operation",
              line.operation() == null ? null : line.operation().name().toLowerCase(Locale.ROOT));
          entry.put("storage", line.storage());
          entry.put("elements", line.elements());
          entry.put("bytes", line.bytes());
        }
      }
    }
    return node;
  }
}
