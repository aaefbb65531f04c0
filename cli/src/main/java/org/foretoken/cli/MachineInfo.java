package org.foretoken.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The machine that measured something, in a line. */
final class MachineInfo {
  private MachineInfo() {}

  /** For example {@code AMD EPYC 9R14 96-Core Processor, 2 processors, Linux 6.1 amd64}. */
  static String oneLine() {
    return processor()
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " processors, "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.version").replaceFirst("[^0-9.].*", "")
        + " "
        + System.getProperty("os.arch");
  }

  private static String processor() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("processor not known");
    } catch (IOException e) {
      return "processor not known"; // not Linux
    }
  }
}
