package org.foretoken.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlotsTest {
  /** Names that begin alike stay apart, since bars of one name would be one. */
  @Test
  void longNamesAreCutAndStayApart() {
    String id = "train_step fp32 tiny model.hidden_size=64 model.intermediate_size=192 host";
    assertThat(Plots.label(3, "attention 256x4x32 host")).isEqualTo("3 attention 256x4x32 host");
    assertThat(Plots.label(3, id)).hasSize(2 + 30 + 1).startsWith("3 train_step").endsWith("…");
    assertThat(Plots.label(4, id)).isNotEqualTo(Plots.label(3, id));
  }
}
