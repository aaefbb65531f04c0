package org.foretoken.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.foretoken.fp8.InputException;
import org.foretoken.model.TestModels;
import org.junit.jupiter.api.Test;

class ConfigJsonTest {
  private static final RunConfig RUN =
      new RunConfig(
          "r",
          TestModels.small(1, true),
          TestModels.training(Recipe.BF16, 4),
          new DataConfig("p", "i", true, 0.1));

  @Test
  void whatWasWrittenIsRead() {
    RunConfig control =
        new RunConfig("r", RUN.model().withMtpControl(MtpControl.NO_MASK), RUN.train(), RUN.data());
    assertThat(ConfigJson.read("x", ConfigJson.write(control))).isEqualTo(control);
  }

  @Test
  void keysThatCameLaterHaveTheirFormerMeaning() {
    String old =
        ConfigJson.write(RUN)
            .replaceAll("(?m)^.*\"(mtp_control|tokenizer|document_mask|accumulation)\".*\\R", "")
            .replaceAll(",(\\s*})", "$1");
    assertThat(old).doesNotContain("tokenizer").doesNotContain("mtp_control");
    assertThat(ConfigJson.read("x", old)).isEqualTo(RUN);
  }

  @Test
  void keysThatWereAlwaysThereAreMissed() {
    String broken = ConfigJson.write(RUN).replaceAll("(?m)^.*\"hidden_size\".*\\R", "");
    assertThatThrownBy(() -> ConfigJson.read("file 'x'", broken))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("file 'x'")
        .hasMessageContaining("hidden_size");
  }
}
