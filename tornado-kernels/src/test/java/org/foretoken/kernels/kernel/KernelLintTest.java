package org.foretoken.kernels.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.foretoken.emulator.lint.Finding;
import org.foretoken.emulator.lint.KernelLint;
import org.junit.jupiter.api.Test;

/** No kernel uses what TornadoVM is known to refuse or to compile wrongly. */
class KernelLintTest {
  private static List<Class<?>> owners() throws IOException, URISyntaxException {
    Path folder =
        Path.of(ZeroFill.class.getProtectionDomain().getCodeSource().getLocation().toURI())
            .resolve(ZeroFill.class.getPackageName().replace('.', '/'));
    List<Class<?>> owners = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replace(".class", "");
        if (!name.equals("package-info")) {
          owners.add(load(ZeroFill.class.getPackageName() + "." + name));
        }
      }
    }
    return owners;
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(name, e);
    }
  }

  @Test
  void noKernelIsKnownToBeMiscompiled() throws IOException, URISyntaxException {
    List<Class<?>> owners = owners();
    assertThat(owners.stream().flatMap(owner -> KernelLint.kernels(owner).stream()))
        .hasSizeGreaterThan(30);
    assertThat(owners.stream().flatMap(owner -> KernelLint.check(owner).stream()))
        .filteredOn(finding -> finding.severity() == Finding.Severity.ERROR)
        .isEmpty();
  }
}
