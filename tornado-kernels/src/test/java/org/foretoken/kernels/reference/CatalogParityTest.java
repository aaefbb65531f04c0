package org.foretoken.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.foretoken.kernels.host.HostBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The catalog on the host at its extreme sizes; the host's own parity test has others. */
class CatalogParityTest {
  @ParameterizedTest
  @CsvSource({"1,1", "1,4098", "7,1000", "130,207"})
  void hostAgreesWithTheReference(int rows, int columns) {
    int outputs = 0;
    for (OperationCase c : OperationCases.of(rows, columns)) {
      try (HostBackend host = new HostBackend();
          ReferenceBackend reference = new ReferenceBackend()) {
        List<OperationParity.Result> results = OperationParity.run(c, host, reference);
        assertThat(results).allSatisfy(r -> assertThat(r.passed()).as(r.toString()).isTrue());
        outputs += results.size();
      }
    }
    assertThat(outputs).isGreaterThan(120);
  }
}
