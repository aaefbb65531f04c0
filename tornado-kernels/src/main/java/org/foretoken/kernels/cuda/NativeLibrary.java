package org.foretoken.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A shared library that is already on the machine. It is looked for under {@code CUDA_PATH}, then
 * where the system's loader looks.
 */
final class NativeLibrary {
  private static final List<String> FOLDERS =
      List.of("lib64", "lib", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib");

  private final String file;
  private final SymbolLookup symbols;

  private NativeLibrary(String file, SymbolLookup symbols) {
    this.file = file;
    this.symbols = symbols;
  }

  /**
   * The first of {@code names} that loads.
   *
   * @param names file names, such as {@code libcublasLt.so.13}
   */
  static Optional<NativeLibrary> find(String... names) {
    for (String name : names) {
      for (String candidate : candidates(name)) {
        try {
          return Optional.of(
              new NativeLibrary(candidate, SymbolLookup.libraryLookup(candidate, Arena.global())));
        } catch (IllegalArgumentException e) {
          // Not this one: the next name, or none.
        }
      }
    }
    return Optional.empty();
  }

  private static List<String> candidates(String name) {
    List<String> all = new ArrayList<>();
    String home = System.getenv("CUDA_PATH");
    if (home != null) {
      for (String folder : FOLDERS) {
        Path path = Path.of(home, folder, name);
        if (Files.isReadable(path)) {
          all.add(path.toString());
        }
      }
    }
    all.add(name);
    return all;
  }

  /** The file that was loaded. */
  String file() {
    return file;
  }

  /**
   * A function of the library.
   *
   * @throws CudaException when the library lacks it
   */
  MethodHandle function(String name, FunctionDescriptor descriptor) {
    MemorySegment symbol =
        symbols
            .find(name)
            .orElseThrow(
                () ->
                    new CudaException(
                        file
                            + ": expected function "
                            + name
                            + ", found none; install a newer one"));
    return Linker.nativeLinker().downcallHandle(symbol, descriptor);
  }
}
