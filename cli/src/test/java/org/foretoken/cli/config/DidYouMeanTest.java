package org.foretoken.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DidYouMeanTest {
  private static final List<String> NAMES = List.of("layers", "hidden_size", "heads", "kv_heads");

  @Test
  void slipsAreRecognised() {
    assertThat(DidYouMean.closest("layer", NAMES)).hasValue("layers");
    assertThat(DidYouMean.closest("alyers", NAMES)).hasValue("layers");
    assertThat(DidYouMean.closest("HEADS", NAMES)).hasValue("heads");
    assertThat(DidYouMean.closest("hidden", NAMES)).hasValue("hidden_size");
    assertThat(DidYouMean.closest("kv_haeds", NAMES)).hasValue("kv_heads");
  }

  @Test
  void otherWordsAreNot() {
    assertThat(DidYouMean.closest("dropout", NAMES)).isEmpty();
    assertThat(DidYouMean.closest("x", NAMES)).isEmpty();
    assertThat(DidYouMean.closest("", NAMES)).isEmpty();
    assertThat(DidYouMean.hint("dropout", NAMES)).isEmpty();
    assertThat(DidYouMean.hint("heds", NAMES)).isEqualTo("; did you mean 'heads'?");
  }
}
