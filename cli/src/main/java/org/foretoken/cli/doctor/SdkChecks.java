package org.foretoken.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The TornadoVM SDK that {@code TORNADOVM_HOME} names. */
final class SdkChecks {
  private static final String HOME = "TORNADOVM_HOME";
  private static final String VERSION = "5.2.0-jdk25";
  private static final String SDK = "TornadoVM " + VERSION + " SDK with one backend";

  private SdkChecks() {}

  static List<Check> of(Machine machine) {
    Optional<String> home = machine.variable(HOME);
    if (home.isEmpty()) {
      return List.of(
          Check.absent(
              "TornadoVM", HOME + " is not set", "for --device gpu: set " + HOME + " to a " + SDK));
    }
    Path sdk = Path.of(home.get());
    Path jars = sdk.resolve("share/java/tornado");
    Path api = jars.resolve("tornado-api-" + VERSION + ".jar");
    if (!Files.isRegularFile(api)) {
      String found =
          files(jars, "tornado-api-", ".jar").stream().findFirst().orElse("no TornadoVM API");
      return List.of(
          Check.failed(
              "TornadoVM",
              sdk + " holds " + found,
              "set " + HOME + " to a " + SDK + ", or unset it"));
    }
    List<Check> checks = new ArrayList<>();
    checks.add(Check.ok("TornadoVM", VERSION + " in " + sdk));
    List<String> drivers =
        files(jars, "tornado-drivers-", "-" + VERSION + ".jar").stream()
            .map(n -> n.substring("tornado-drivers-".length(), n.length() - VERSION.length() - 5))
            .filter(n -> !n.equals("common"))
            .toList();
    checks.add(backend(sdk, drivers));
    if (drivers.contains("cuda")) {
      checks.add(cuda(machine));
    }
    return checks;
  }

  /** TornadoVM loads every driver jar of an SDK, and ends where one lacks its native library. */
  private static Check backend(Path sdk, List<String> drivers) {
    List<String> missing =
        drivers.stream()
            .filter(d -> !Files.exists(sdk.resolve("lib/libtornado-" + d + ".so")))
            .toList();
    String found = drivers.isEmpty() ? "none" : String.join(", ", drivers);
    if (drivers.isEmpty()) {
      return Check.failed("backend", found, "set " + HOME + " to a " + SDK);
    }
    if (!missing.isEmpty()) {
      return Check.failed(
          "backend",
          found + ", without the native library of " + String.join(", ", missing),
          "set " + HOME + " to a " + SDK + " that has its library under lib/");
    }
    return Check.ok("backend", found);
  }

  private static Check cuda(Machine machine) {
    Optional<String> path = machine.variable("CUDA_PATH");
    if (path.isEmpty()) {
      return Check.failed(
          "CUDA toolkit", "CUDA_PATH is not set", "set CUDA_PATH to a CUDA 13 toolkit");
    }
    Path cuda = Path.of(path.get());
    boolean compiler = Files.exists(cuda.resolve("lib64/libnvrtc.so.13"));
    boolean header = Files.exists(cuda.resolve("include/cuda_fp8.h"));
    return compiler && header
        ? Check.ok("CUDA toolkit", cuda + " with NVRTC 13 and cuda_fp8.h")
        : Check.failed(
            "CUDA toolkit",
            cuda
                + " without "
                + (compiler ? "" : "lib64/libnvrtc.so.13 ")
                + (header ? "" : "include/cuda_fp8.h"),
            "set CUDA_PATH to a CUDA 13 toolkit");
  }

  private static List<String> files(Path folder, String prefix, String suffix) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.startsWith(prefix) && n.endsWith(suffix))
          .sorted()
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }
}
