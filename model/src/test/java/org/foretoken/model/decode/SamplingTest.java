package org.foretoken.model.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.foretoken.fp8.InputException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens from logits, where those are no numbers too. */
class SamplingTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void aNanAmongTheLogitsIsAnErrorAndNoToken(int at) {
    float[] logits = {1, 3, 2};
    assertThat(Sampling.argmax(logits)).isEqualTo(1);
    logits[at] = Float.NaN;
    assertThatThrownBy(() -> Sampling.argmax(logits))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("found NaN")
        .hasMessageContaining("foretoken inspect");
    assertThatThrownBy(() -> Sampling.distribution(logits, 1.0)).isInstanceOf(InputException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void theLowestOfEqualLogitsIsTaken(int from) {
    assertThat(Sampling.argmax(new float[] {5, 5, 4, 5}, from, 3)).isZero();
    float lowest = Float.NEGATIVE_INFINITY;
    assertThat(Sampling.argmax(new float[] {lowest, lowest}, 0, 2)).isZero();
  }
}
