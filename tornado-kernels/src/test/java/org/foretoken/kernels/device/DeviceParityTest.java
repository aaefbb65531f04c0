package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.foretoken.kernels.reference.OperationCase;
import org.foretoken.kernels.reference.OperationCases;
import org.foretoken.kernels.reference.OperationParity;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every kernel on the emulator, every access checked, against the reference in double precision.
 */
class DeviceParityTest {
  static Collection<OperationCase> cases() {
    return Stream.of(
            OperationCases.of(1, 13), OperationCases.of(7, 207), OperationCases.of(130, 65))
        .flatMap(Collection::stream)
        .toList();
  }

  /** One row and many columns, and an inner dimension that no tile divides. */
  static Collection<OperationCase> awkwardCases() {
    return Stream.of(OperationCases.of(1, 4098), OperationCases.products(7, 13, 3884))
        .flatMap(Collection::stream)
        .toList();
  }

  @ParameterizedTest
  @MethodSource({"cases", "awkwardCases"})
  void agreesWithTheReference(OperationCase c) {
    try (DeviceBackend device = DeviceBackend.open("emulator");
        ReferenceBackend reference = new ReferenceBackend()) {
      assertThat(OperationParity.run(c, device, reference))
          .hasSameSizeAs(c.node().writes())
          .allSatisfy(r -> assertThat(r.passed()).as(r.toString()).isTrue());
    }
  }

  static Collection<OperationCase> quantizers() {
    return cases().stream().filter(c -> c.name().contains("Quantize")).toList();
  }

  /** With tensor cores the conversions to FP16 are there too, by which quantizers encode. */
  @ParameterizedTest
  @MethodSource("quantizers")
  void quantizersByWayOfHalvesAgreeWithTheReference(OperationCase c) {
    try (DeviceBackend device = new DeviceBackend(true);
        ReferenceBackend reference = new ReferenceBackend()) {
      assertThat(OperationParity.run(c, device, reference))
          .allSatisfy(r -> assertThat(r.passed()).as(r.toString()).isTrue());
    }
  }

  /** Any two tasks may come to lie in two task graphs, so each has to name what it touches. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void agreesWithEachTaskInAGraphOfItsOwn(boolean tensorCores) {
    List<OperationCase> cases =
        tensorCores ? OperationCases.products(64, 32, 32) : OperationCases.of(7, 33);
    List<String> failures = new ArrayList<>();
    for (OperationCase c : cases) {
      try (DeviceBackend device =
              new DeviceBackend(DeviceKind.EMULATOR, tensorCores, GemmRoads.jit(), 1);
          ReferenceBackend reference = new ReferenceBackend()) {
        OperationParity.run(c, device, reference).stream()
            .filter(r -> !r.passed())
            .forEach(r -> failures.add(r.toString()));
      } catch (DeviceException e) {
        failures.add(e.getMessage());
      }
    }
    assertThat(failures).isEmpty();
  }
}
