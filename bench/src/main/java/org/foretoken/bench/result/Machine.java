package org.foretoken.bench.result;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import org.foretoken.cli.BuildInfo;

/**
 * Where figures come from.
 *
 * @param cpu model of the processor
 * @param processors that the JVM sees
 * @param memoryBytes of the machine
 * @param vectorBits width of the vectors that the host kernels use
 * @param os operating system
 * @param jdk Java runtime
 * @param gpu devices that TornadoVM or the driver reports; null where there is none
 */
public record Machine(
    String cpu,
    int processors,
    long memoryBytes,
    int vectorBits,
    String os,
    String jdk,
    String gpu) {
  private static final int SECONDS = 10;

  /** This machine. */
  public static Machine here() {
    return new Machine(
        field("/proc/cpuinfo", "model name", System.getProperty("os.arch")),
        Runtime.getRuntime().availableProcessors(),
        memory(),
        FloatVector.SPECIES_PREFERRED.vectorBitSize(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + Runtime.version(),
        output("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"));
  }

  /** Whether figures of the two may be compared: same processors, same device. */
  public boolean comparable(Machine other) {
    return cpu.equals(other.cpu)
        && processors == other.processors
        && java.util.Objects.equals(gpu, other.gpu);
  }

  /** One line for people. */
  public String oneLine() {
    return processors
        + " x "
        + cpu
        + ", "
        + vectorBits
        + "-bit vectors, "
        + jdk
        + (gpu == null ? "" : ", " + gpu);
  }

  /**
   * The commit that is checked out where the launcher lies, with {@code -changed} where files
   * differ from it.
   */
  public static String commit() {
    String commit = BuildInfo.commit().orElse("unknown");
    String home = System.getProperty("foretoken.home");
    String changes =
        home == null
            ? null
            : output(
                "git",
                "-C",
                home,
                "status",
                "--porcelain",
                "--untracked-files=no",
                "--",
                ".",
                ":!bench/results");
    return changes == null ? commit : commit + "-changed";
  }

  private static long memory() {
    String kib = field("/proc/meminfo", "MemTotal", "0").replaceAll("\\D", "");
    return Long.parseLong(kib) * 1024;
  }

  private static String field(String file, String name, String otherwise) {
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .filter(l -> l.startsWith(name))
          .findFirst()
          .map(l -> l.substring(l.indexOf(':') + 1).strip())
          .orElse(otherwise);
    } catch (IOException e) {
      return otherwise;
    }
  }

  /** What a program prints, or null where it fails, prints nothing or is not there. */
  private static String output(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      boolean done = process.waitFor(SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
      return done && !text.isEmpty() ? text.lines().findFirst().orElse(null) : null;
    } catch (IOException e) {
      return null; // no such program
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
