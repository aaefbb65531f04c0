package org.foretoken.bench.suite;

import java.util.Locale;

/** Where a case runs, by the names of {@code --device}. */
public enum BenchDevice {
  /** The CPU. */
  HOST,
  /** Double-precision loops: for looking at the framework, not for speed. */
  REFERENCE,
  /** Device tasks on the plain JVM: for looking at the framework, not for speed. */
  EMULATOR,
  /** A TornadoVM SDK's device. */
  GPU;

  /** Its name in suites and results, and for {@code --device}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
