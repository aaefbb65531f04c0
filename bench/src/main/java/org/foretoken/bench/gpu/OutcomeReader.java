package org.foretoken.bench.gpu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.foretoken.bench.result.CaseResult;
import org.foretoken.bench.result.ResultTable;
import org.foretoken.bench.result.SuiteResult;

/** Reads what a step printed: whether it is ok, and what of it failed or was left out. */
final class OutcomeReader {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** What the launcher says where the machine has no such road or no CUDA graphs. */
  private static final List<String> LACKS =
      List.of("not on this machine", "--cuda-graph: expected");

  private OutcomeReader() {}

  /** The outcome of {@code step}, which had {@code limit} seconds. */
  static StepOutcome read(GpuStep step, StepProcess process, double limit) {
    Findings found = new Findings();
    JsonNode result = lastJson(process.output());
    String message = "";
    if (process.ended()) {
      found.failed.add("ended at its limit of " + seconds(limit) + " s");
    } else if (result == null && LACKS.stream().anyMatch(process.error()::contains)) {
      return outcome(step, process, limit, StepOutcome.SKIPPED, process.error(), found, null);
    } else if (result == null) {
      found.failed.add("exit code " + process.exitCode() + ": " + process.error());
    } else {
      message = found.read(step, result, process);
    }
    boolean ok = found.failed.isEmpty();
    if (!ok) {
      String more = found.failed.size() > 1 ? " (and " + (found.failed.size() - 1) + " more)" : "";
      message = (message.isEmpty() ? "" : message + "; ") + found.failed.getFirst() + more;
    }
    return outcome(
        step, process, limit, ok ? StepOutcome.OK : StepOutcome.FAILED, message, found, result);
  }

  private static StepOutcome outcome(
      GpuStep step,
      StepProcess process,
      double limit,
      String status,
      String message,
      Findings found,
      JsonNode result) {
    return new StepOutcome(
        step.name(),
        "foretoken " + String.join(" ", step.arguments()),
        status,
        message,
        process.seconds(),
        limit,
        List.copyOf(found.failed),
        List.copyOf(found.skipped),
        result);
  }

  private static JsonNode lastJson(List<String> output) {
    for (String line : output.reversed()) {
      if (line.startsWith("{") || line.startsWith("[")) {
        try {
          return JSON.readTree(line);
        } catch (JsonProcessingException e) {
          // A line of a driver or library; the command's own is further up.
        }
      }
    }
    return null;
  }

  static String seconds(double seconds) {
    return String.format(Locale.ROOT, "%.0f", seconds);
  }

  /** What is in a result. */
  private static final class Findings {
    private final List<String> failed = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();

    String read(GpuStep step, JsonNode result, StepProcess process) {
      return switch (step.kind()) {
        case DEVICES -> devices(result);
        case CHECK -> check(result);
        case SUITE -> suite(result);
        case TRAIN -> train(result, process);
      };
    }

    private String devices(JsonNode devices) {
      for (JsonNode device : devices) {
        if (device.path("device").asText().equals("gpu")) {
          if (!device.path("available").asBoolean()) {
            failed.add(device.path("description").asText());
            return "";
          }
          return device.path("description").asText();
        }
      }
      failed.add("expected a device called gpu, found " + devices);
      return "";
    }

    private String check(JsonNode report) {
      int good = 0;
      for (JsonNode line : report.path("results")) {
        String name = line.path("operation").asText() + output(line);
        String failure = line.path("failure").asText("");
        if (line.path("passed").asBoolean()) {
          good++;
        } else if (failure.startsWith("skipped") || failure.startsWith("not done")) {
          skipped.add(name + ": " + failure);
        } else {
          failed.add(name + ": " + (failure.isEmpty() ? difference(line) : failure));
        }
      }
      for (JsonNode kernel : report.path("kernels")) {
        kernel
            .path("findings")
            .forEach(f -> failed.add("kernel " + kernel.path("kernel").asText() + ": " + f));
      }
      String what = report.path("compared").asBoolean() ? " results agree" : " operations compile";
      return good + what + (skipped.isEmpty() ? "" : ", " + skipped.size() + " not run");
    }

    private static String output(JsonNode line) {
      String output = line.path("output").asText("");
      return output.isEmpty() ? "" : " " + output;
    }

    private static String difference(JsonNode line) {
      return "expected "
          + line.path("allowed").asText()
          + ", found diff "
          + line.path("diff").asText()
          + ", largest error "
          + line.path("max_error").asText();
    }

    private String suite(JsonNode result) {
      SuiteResult run;
      try {
        run = SuiteResult.parse(result.toString());
      } catch (JsonProcessingException e) {
        failed.add("its JSON cannot be read: " + e.getOriginalMessage());
        return "";
      }
      long measured = 0;
      for (CaseResult c : run.cases()) {
        measured += c.ok() ? 1 : 0;
        if (c.status().equals(CaseResult.FAILED)) {
          failed.add(c.id() + ": " + c.message());
        }
      }
      ResultTable.notes(run).stream()
          .filter(note -> !note.contains(": " + CaseResult.FAILED + ": "))
          .forEach(skipped::add);
      return measured + " of " + run.cases().size() + " cases measured";
    }

    private String train(JsonNode result, StepProcess process) {
      if (process.exitCode() != 0) {
        failed.add("exit code " + process.exitCode() + ": " + process.error());
      }
      return result.path("steps").asInt()
          + " steps, main loss "
          + String.format(Locale.ROOT, "%.3f", result.path("loss_main").asDouble())
          + ", "
          + String.format(Locale.ROOT, "%.0f", result.path("tokens_per_second").asDouble())
          + " tokens/s";
    }
  }
}
