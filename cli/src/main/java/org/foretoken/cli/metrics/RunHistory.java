package org.foretoken.cli.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.foretoken.fp8.InputException;

/**
 * A run as its metrics tell it: the parts of a resumed run put together, without the steps that a
 * continuation made again.
 *
 * @param start the last start
 * @param steps all steps, ascending
 * @param routing all loads of experts, ascending
 * @param evals all evaluations, ascending
 * @param samples all samples, ascending
 * @param decoding the last measurement of decoding
 * @param end the last end; empty for a run that was cut short
 */
public record RunHistory(
    MetricsLine.Start start,
    List<MetricsLine.Step> steps,
    List<MetricsLine.Routing> routing,
    List<MetricsLine.Eval> evals,
    List<MetricsLine.Sample> samples,
    Optional<MetricsLine.Decoding> decoding,
    Optional<MetricsLine.End> end) {

  /**
   * Reads a run's folder.
   *
   * @throws InputException when there are no metrics, or the file is not one of metrics
   */
  public static RunHistory read(Path folder) {
    Path file = folder.resolve(MetricsFile.NAME);
    if (!Files.isRegularFile(file)) {
      throw new InputException(
          "'"
              + folder
              + "': expected the folder of a run with "
              + MetricsFile.NAME
              + ", found none; 'foretoken train' writes one");
    }
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      return read(file, in);
    } catch (IOException e) {
      throw new InputException("'" + file + "': cannot be read (" + e.getMessage() + ")", e);
    }
  }

  private static RunHistory read(Path file, BufferedReader in) throws IOException {
    Builder builder = new Builder();
    int number = 0;
    for (String text = in.readLine(); text != null; text = in.readLine()) {
      number++;
      try {
        builder.add(MetricsJson.read(text));
      } catch (JsonProcessingException e) {
        if (in.read() < 0 && builder.start != null) {
          break; // the last line of a run that was killed
        }
        throw new InputException(
            "'"
                + file
                + "', line "
                + number
                + ": expected a line of metrics, found "
                + text.substring(0, Math.min(40, text.length())),
            e);
      }
    }
    if (builder.start == null) {
      throw new InputException("'" + file + "': expected a start line, found none");
    }
    return builder.build();
  }

  private static final class Builder {
    private final List<MetricsLine.Step> steps = new ArrayList<>();
    private final List<MetricsLine.Routing> routing = new ArrayList<>();
    private final List<MetricsLine.Eval> evals = new ArrayList<>();
    private final List<MetricsLine.Sample> samples = new ArrayList<>();
    private MetricsLine.Start start;
    private MetricsLine.Decoding decoding;
    private MetricsLine.End end;

    void add(MetricsLine line) {
      switch (line) {
        case MetricsLine.Start s -> {
          start = s;
          decoding = null;
          end = null;
          steps.removeIf(x -> x.step() > s.firstStep());
          routing.removeIf(x -> x.step() > s.firstStep());
          evals.removeIf(x -> x.step() > s.firstStep());
          samples.removeIf(x -> x.step() > s.firstStep());
        }
        case MetricsLine.Step s -> steps.add(s);
        case MetricsLine.Routing r -> routing.add(r);
        case MetricsLine.Eval e -> {
          evals.removeIf(x -> x.step() == e.step());
          evals.add(e);
        }
        case MetricsLine.Sample s -> samples.add(s);
        case MetricsLine.Decoding d -> decoding = d;
        case MetricsLine.End e -> end = e;
        case MetricsLine.Checkpoint c -> {} // the files tell
        case null -> {} // of a later version
      }
    }

    RunHistory build() {
      return new RunHistory(
          start,
          List.copyOf(steps),
          List.copyOf(routing),
          List.copyOf(evals),
          List.copyOf(samples),
          Optional.ofNullable(decoding),
          Optional.ofNullable(end));
    }
  }
}
