package org.foretoken.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  @Test
  void versionNamesProgramAndJdk() {
    Program p = Program.run("--version");
    assertThat(p.exitCode()).isZero();
    assertThat(p.out()).startsWith("foretoken 0.").contains("JDK " + Runtime.version());
    assertThat(p.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "generate", "report"})
  void everyCommandHasHelp(String command) {
    Program p = Program.run(command, "--help");
    assertThat(p.exitCode()).isZero();
    assertThat(p.out()).startsWith("Usage: foretoken " + command);
    assertThat(Program.run("--help").out()).contains(command);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "trian | unknown command 'trian'; did you mean 'train'?",
        "xyzzy | unknown command 'xyzzy'; see 'foretoken --help'",
        "--verison | unknown option '--verison'; did you mean '--version'?",
        "train --step=3 | unknown option '--step'; did you mean '--steps'?",
        "report x --zzzzzzzz | unknown option '--zzzzzzzz'; see 'foretoken report --help'",
        "train a b | unknown argument 'b'; see 'foretoken train --help'",
      })
  void aMistypedWordIsOneLineWithASuggestion(String arguments, String message) {
    Program p = Program.run(arguments.split(" "));
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.out()).isEmpty();
    assertThat(p.err()).isEqualTo("foretoken: " + message + System.lineSeparator());
  }

  @Test
  void noCommandListsThem() {
    Program p = Program.run();
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err())
        .startsWith("foretoken: no command given; expected one of")
        .contains("train");
    assertThat(p.err().lines()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "generate --prompt x | --checkpoint",
        "generate --checkpoint nowhere | --prompt",
        "generate --checkpoint nowhere --prompt x --tokens many | many",
        "generate --checkpoint nowhere --prompt x --tokens 0 | --tokens: expected 1 to",
        "generate --checkpoint nowhere --prompt x --temperature NaN | --temperature: expected",
        "generate --checkpoint nowhere --prompt x | checkpoint 'nowhere': expected a folder",
        "report nowhere | 'nowhere': expected the folder of a run",
        "train --device gpuu | --device: expected one of",
        "train --set x | --set: expected KEY=VALUE",
        "train --steps none | --steps: train.steps: expected a whole number",
        "train --steps 0 | --steps: train.steps: expected 1 to",
        "train --recipe fp9 | --recipe: train.recipe: expected one of fp32, bf16, deepseek",
        "train --data /no/such/text | data: '/no/such/text': no such file or folder",
        "train --resume nowhere | checkpoint 'nowhere': expected a folder, found nothing",
        "train --resume nowhere tiny | --resume: expected no configuration beside it",
        "train --resume nowhere --out x | --out: expected none with --resume",
      })
  void wrongInputIsOneLineAndExitCodeTwo(String arguments, String message) {
    Program p = Program.run(arguments.split(" "));
    assertThat(p.err().lines()).hasSize(1);
    assertThat(p.err()).startsWith("foretoken: ").contains(message);
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.out()).isEmpty();
  }

  @Test
  void aStackTraceAppearsWithDebugOnly() {
    Program p = Program.run("report", "nowhere", "--debug");
    assertThat(p.exitCode()).isEqualTo(2);
    assertThat(p.err().lines().toList().getFirst()).startsWith("foretoken: ");
    assertThat(p.err()).contains("at org.foretoken.cli.");
  }
}
