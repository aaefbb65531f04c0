package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.stream.Stream;
import org.foretoken.kernels.reference.OperationCase;
import org.foretoken.kernels.reference.OperationCases;
import org.foretoken.kernels.reference.OperationParity;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithTheReference(OperationCase c) {
    try (DeviceBackend device = DeviceBackend.open("emulator");
        ReferenceBackend reference = new ReferenceBackend()) {
      assertThat(OperationParity.run(c, device, reference))
          .hasSameSizeAs(c.node().writes())
          .allSatisfy(r -> assertThat(r.passed()).as(r.toString()).isTrue());
    }
  }
}
