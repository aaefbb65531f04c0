package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/** The finished runs of an experiment. */
public final class Results {
  /**
   * A finished run: a line of {@code results.jsonl}.
   *
   * @param arm what was run
   * @param seed with which seed
   * @param measurement what it measured
   * @param seconds how long it took
   * @param commit commit of the program, empty where it is not known
   */
  public record Run(
      String arm, long seed, Measurement measurement, double seconds, String commit) {}

  private final List<Run> runs = new ArrayList<>();

  /** No runs yet. */
  public Results() {}

  /** Adds a finished run. */
  public void add(Run run) {
    runs.add(run);
  }

  /** All runs, in the order they finished. */
  public List<Run> runs() {
    return List.copyOf(runs);
  }

  /** The run of an arm with a seed. */
  public Optional<Run> find(String arm, long seed) {
    return runs.stream().filter(r -> r.seed() == seed && r.arm().equals(arm)).findFirst();
  }

  /** The seeds that {@code arm} was run with, ascending. */
  public LongStream seeds(String arm) {
    return runs.stream().filter(r -> r.arm().equals(arm)).mapToLong(Run::seed).sorted();
  }

  /** A value of an arm, one a seed, ascending by seed. */
  public List<Double> values(String arm, String name) {
    return values(arm, r -> value(r, name));
  }

  private List<Double> values(String arm, ToDoubleFunction<Run> value) {
    return seeds(arm).mapToObj(s -> value.applyAsDouble(find(arm, s).orElseThrow())).toList();
  }

  /** The interval of a value of an arm over its seeds. */
  public Interval interval(String arm, String name) {
    return Interval.of(values(arm, name));
  }

  /** The interval of an element of a series of an arm over its seeds. */
  public Interval interval(String arm, String series, int index) {
    return Interval.of(values(arm, r -> r.measurement().series().get(series).get(index)));
  }

  /** Values of {@code arm} less those of {@code base}, seed by seed. */
  public List<Double> differences(String arm, String base, String name) {
    return paired(arm, base, name, (a, b) -> a - b);
  }

  /** Values of {@code arm} over those of {@code base}, less 1, seed by seed. */
  public List<Double> relative(String arm, String base, String name) {
    return paired(arm, base, name, (a, b) -> a / b - 1);
  }

  private List<Double> paired(
      String arm, String base, String name, java.util.function.DoubleBinaryOperator how) {
    return seeds(arm)
        .filter(s -> find(base, s).isPresent())
        .mapToObj(
            s ->
                how.applyAsDouble(
                    value(find(arm, s).orElseThrow(), name),
                    value(find(base, s).orElseThrow(), name)))
        .toList();
  }

  private static double value(Run run, String name) {
    Double value = run.measurement().values().get(name);
    if (value == null) {
      throw new IllegalStateException(
          "results of '" + run.arm() + "': expected a value '" + name + "', found none");
    }
    return value;
  }
}
