package org.foretoken.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The bindings against the library itself, as far as it goes without a GPU; skipped without it. */
class CublasLtTest {
  private CublasLt library;

  @BeforeEach
  void open() {
    Optional<CublasLt> found = CublasLt.open();
    assumeTrue(found.isPresent(), "no cuBLASLt");
    library = found.get();
  }

  @Test
  void theVersionIsOneOfCuda12Or13() {
    assertThat(library.version()).isBetween(120_000L, 139_999L);
  }

  @Test
  void descriptionsLayoutsAndPreferencesTakeTheirAttributes() {
    long description = library.createDescription();
    library.set(description, CublasLt.DESC_TRANSA, CublasLt.OP_T);
    library.set(description, CublasLt.DESC_A_SCALE_MODE, CublasLt.SCALE_BLK128X128_32F);
    library.set(description, CublasLt.DESC_B_SCALE_MODE, CublasLt.SCALE_VEC128_32F);
    try (Arena arena = Arena.ofConfined()) {
      library.setPointer(
          description, CublasLt.DESC_A_SCALE_POINTER, 4096, arena.allocate(JAVA_LONG));
    }
    long layout = library.createLayout(CublasLt.TYPE_8F_E4M3, 512, 256, 512);
    long preference = library.createPreference();
    library.preferWorkspace(preference, 1 << 20);
    library.prefer(preference, CublasLt.PREF_MIN_ALIGNMENT_A_BYTES, 16);
    library.destroyPreference(preference);
    library.destroyLayout(layout);
    library.destroyDescription(description);
  }

  @Test
  void aRefusedAttributeNamesFunctionAndStatus() {
    long description = library.createDescription();
    assertThatThrownBy(() -> library.set(description, 9999, 1))
        .isInstanceOf(CudaException.class)
        .hasMessageContaining("cublasLtMatmulDescSetAttribute 9999")
        .hasMessageContaining("CUBLAS_STATUS_");
    library.destroyDescription(description);
  }
}
