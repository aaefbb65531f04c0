package org.foretoken.bench;

import java.util.SortedSet;
import org.foretoken.fp8.InputException;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the JMH benchmarks of this jar. */
final class MicroBenchmarks {
  private MicroBenchmarks() {}

  /**
   * Runs or lists the benchmarks whose name matches.
   *
   * @return exit code: 1 where a benchmark or its check failed
   */
  static int run(String pattern, boolean list) {
    SortedSet<BenchmarkListEntry> found =
        BenchmarkList.defaultList()
            .find(
                OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                java.util.List.of(pattern),
                java.util.List.of());
    if (found.isEmpty()) {
      throw new InputException(
          "--jmh: expected a pattern that matches a benchmark ('--jmh . --list' lists them), found '"
              + pattern
              + "'");
    }
    if (list) {
      found.forEach(b -> System.out.println(b.getUsername()));
      return 0;
    }
    Options options = new OptionsBuilder().include(pattern).shouldFailOnError(true).build();
    try {
      new Runner(options).run();
      return 0;
    } catch (RunnerException e) {
      System.err.println("foretoken: " + e.getMessage());
      return 1;
    }
  }
}
