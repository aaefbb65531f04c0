package org.foretoken.cli.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.foretoken.cli.text.Numbers;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.train.MemoryCheck;

/** Looks at everything that a device of the program needs. */
public final class Doctor {
  /** Earlier builds of Java 25 corrupt memory that native code reads in place. */
  private static final Runtime.Version NEEDED_JAVA = Runtime.Version.parse("25.0.3");

  /** Least compute capability with FP8 tensor cores: Ada. */
  private static final String FP8_CAPABILITY = "8.9";

  private final Machine machine;
  private final List<Check> checks = new ArrayList<>();

  private Doctor(Machine machine) {
    this.machine = machine;
  }

  /** All checks, in the order in which things build on each other. */
  public static List<Check> examine(Machine machine) {
    Doctor doctor = new Doctor(machine);
    doctor.java();
    doctor.processor();
    doctor.checks.addAll(SdkChecks.of(machine));
    doctor.gpu();
    return List.copyOf(doctor.checks);
  }

  private void java() {
    String found = machine.java() + ", " + System.getProperty("java.vendor", "unknown vendor");
    checks.add(
        machine.java().compareToIgnoreOptional(NEEDED_JAVA) >= 0
            ? Check.ok("JDK", found)
            : Check.failed(
                "JDK",
                found,
                "install Temurin "
                    + NEEDED_JAVA
                    + " or later from https://adoptium.net, or set"
                    + " JAVA_HOME"));
  }

  private void processor() {
    try (HostBackend host = new HostBackend()) {
      checks.add(
          Check.ok(
              "CPU",
              Runtime.getRuntime().availableProcessors()
                  + " cores; device host: "
                  + host.description()));
    }
    checks.add(
        Check.ok(
            "memory",
            Numbers.bytes(MemoryCheck.availableBytes())
                + " available, of which the Java heap may take "
                + Numbers.bytes(Runtime.getRuntime().maxMemory())));
  }

  private void gpu() {
    Optional<String> smi =
        machine
            .command()
            .apply(
                List.of(
                    "nvidia-smi",
                    "--query-gpu=name,driver_version,memory.total,compute_cap",
                    "--format=csv,noheader"));
    Optional<String> module = machine.firstLine("proc/driver/nvidia/version");
    if (smi.isEmpty()) {
      String found =
          module.map(m -> "kernel module without a working nvidia-smi: " + m).orElse("none");
      checks.add(
          Check.absent(
              "NVIDIA driver",
              found,
              "for a GPU: install NVIDIA's driver and see that nvidia-smi runs"));
      checks.add(Check.absent("GPU", "none found", "host, reference and emulator need none"));
      checks.add(
          Check.absent(
              "FP8",
              "codes in software, bit-exact on every device",
              "tensor cores need an NVIDIA GPU of compute capability 8.9 or later"));
      return;
    }
    String[] cells = smi.get().lines().findFirst().orElse("").split("\\s*,\\s*");
    if (cells.length != 4) {
      checks.add(
          Check.failed("GPU", "nvidia-smi answered '" + smi.get() + "'", "update NVIDIA's driver"));
      return;
    }
    checks.add(Check.ok("NVIDIA driver", cells[1]));
    checks.add(Check.ok("GPU", cells[0] + ", " + cells[2] + ", compute capability " + cells[3]));
    checks.add(fp8(cells[3]));
  }

  private static Check fp8(String capability) {
    boolean native8 =
        capability.matches("\\d+\\.\\d+") && version(capability) >= version(FP8_CAPABILITY);
    return native8
        ? Check.ok("FP8", "tensor cores take E4M3 and E5M2")
        : Check.absent(
            "FP8",
            "codes in software: compute capability " + capability + " has no FP8 tensor cores",
            "tensor cores need compute capability " + FP8_CAPABILITY + " or later");
  }

  /** Makes 10.0 larger than 8.9. */
  private static int version(String capability) {
    String[] parts = capability.split("\\.");
    return 100 * Integer.parseInt(parts[0]) + Integer.parseInt(parts[1]);
  }
}
