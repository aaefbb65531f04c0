package org.foretoken.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.codegen.CudaCompiler;
import org.foretoken.kernels.codegen.GeneratedKernel;
import org.foretoken.kernels.codegen.KernelListing;
import org.foretoken.kernels.codegen.KernelResources;
import org.foretoken.kernels.codegen.SourceSearch;

/** The code that TornadoVM generates while kernels are checked, and what is to be said of it. */
final class KernelCode {
  /**
   * All variants of one kernel: constants are part of its code, so there is one for each size.
   *
   * @param variants how many differ
   * @param resources the most that one takes; null where there was no CUDA compiler
   * @param findings places that are compiled wrongly, and refusals of the compiler
   */
  record Row(String kernel, int variants, KernelResources resources, List<String> findings) {
    /** Whether it must not be used like this. */
    boolean failed() {
      return !findings.isEmpty() || mustNotSpill() && resources != null && resources.spills();
    }

    /** Where time is spent in registers: a spill would be an error in the tile's size. */
    private boolean mustNotSpill() {
      String name = kernel.toLowerCase(java.util.Locale.ROOT);
      return name.contains("gemm") || name.contains("attention");
    }
  }

  private final KernelListing listing;
  private final Set<GeneratedKernel> kernels = new LinkedHashSet<>();

  private KernelCode(KernelListing listing) {
    this.listing = listing;
  }

  /** Starts before the device opens; nothing is generated but on {@code gpu}. */
  static KernelCode open(String device) {
    return new KernelCode(device.equals("gpu") ? KernelListing.open() : null);
  }

  /** Takes in what was generated since the last call. */
  void collect() {
    if (listing != null) {
      kernels.addAll(listing.next());
    }
  }

  /**
   * Searches everything, and compiles CUDA C where there is a compiler.
   *
   * @param folder where to keep sources and cubins; null for nowhere
   * @param late whether there is no more time to compile
   */
  List<Row> examine(Path folder, BooleanSupplier late) {
    if (listing == null) {
      return List.of();
    }
    listing.close();
    try {
      Path place = folder == null ? Files.createTempDirectory("foretoken-code") : folder;
      Files.createDirectories(place);
      try {
        return examineIn(place, late);
      } finally {
        if (folder == null) {
          delete(place);
        }
      }
    } catch (IOException e) {
      throw new InputException("--code: " + e.getMessage(), e);
    }
  }

  private List<Row> examineIn(Path folder, BooleanSupplier late) throws IOException {
    Optional<CudaCompiler> compiler = CudaCompiler.find();
    Map<String, List<GeneratedKernel>> byName = new LinkedHashMap<>();
    kernels.forEach(k -> byName.computeIfAbsent(k.name(), n -> new ArrayList<>()).add(k));
    List<Row> rows = new ArrayList<>();
    for (Map.Entry<String, List<GeneratedKernel>> entry : byName.entrySet()) {
      KernelResources most = null;
      Set<String> findings = new LinkedHashSet<>();
      int variant = 0;
      for (GeneratedKernel kernel : entry.getValue()) {
        variant++;
        String file = entry.getKey() + "-" + variant + ".";
        Path source = folder.resolve(file + kernel.language().suffix());
        Files.writeString(source, kernel.source());
        SourceSearch.search(kernel).forEach(f -> findings.add(f.toString()));
        boolean cuda = kernel.language() == GeneratedKernel.Language.CUDA;
        if (compiler.isPresent() && cuda && !late.getAsBoolean()) {
          try {
            KernelResources r = compiler.get().compile(source, folder.resolve(file + "cubin"));
            most = most == null ? r : most.max(r);
          } catch (IOException e) {
            findings.add(e.getMessage());
          }
        }
      }
      rows.add(new Row(entry.getKey(), variant, most, List.copyOf(findings)));
    }
    return rows;
  }

  private static void delete(Path folder) {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
    }
  }
}
