package org.foretoken.kernels.codegen;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The CUDA toolkit's {@code nvcc}, which compiles generated kernels with the options that TornadoVM
 * gives NVRTC (none but the architecture) and says what they take.
 */
public final class CudaCompiler {
  /** What kernels are compiled for. */
  public static final String ARCHITECTURE = "sm_90";

  private final Path nvcc;

  private CudaCompiler(Path nvcc) {
    this.nvcc = nvcc;
  }

  /** The compiler of {@code CUDA_PATH}, or else of the {@code PATH}; empty if there is none. */
  public static Optional<CudaCompiler> find() {
    List<Path> places = new ArrayList<>();
    String cuda = System.getenv("CUDA_PATH");
    if (cuda != null && !cuda.isBlank()) {
      places.add(Path.of(cuda, "bin"));
    }
    String path = System.getenv("PATH");
    for (String place : path == null ? new String[0] : path.split(File.pathSeparator)) {
      if (!place.isEmpty()) {
        places.add(Path.of(place));
      }
    }
    return places.stream()
        .map(place -> place.resolve("nvcc"))
        .filter(Files::isExecutable)
        .findFirst()
        .map(CudaCompiler::new);
  }

  /**
   * Compiles a kernel to a cubin.
   *
   * @param source a file with the kernel's CUDA C
   * @param cubin file to write
   * @throws IOException with the compiler's first message where it refuses the kernel
   */
  public KernelResources compile(Path source, Path cubin) throws IOException {
    Process process =
        new ProcessBuilder(
                nvcc.toString(),
                "-arch=" + ARCHITECTURE,
                "-cubin",
                "-Xptxas=-v",
                "-o",
                cubin.toString(),
                source.toString())
            .redirectErrorStream(true)
            .start();
    try {
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      if (code != 0) {
        throw new IOException(
            nvcc + ": " + source + ": " + output.lines().findFirst().orElse("exit code " + code));
      }
      return KernelResources.parse(output)
          .orElseThrow(() -> new IOException(nvcc + ": " + source + ": no report of registers"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(nvcc + ": interrupted", e);
    }
  }
}
