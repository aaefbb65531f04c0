package org.foretoken.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ConversionProgressTest {
  @Test
  void aBarNamesTheFileByItsNumber() {
    assertThat(ConversionProgress.place("model-00002-of-00163.safetensors"))
        .isEqualTo(" file 2/163");
    assertThat(ConversionProgress.place("model-00010-of-00100.safetensors"))
        .isEqualTo(" file 10/100");
    assertThat(ConversionProgress.place("model.safetensors")).isEmpty();
  }

  @Test
  void withoutATerminalThereIsALineForEachShardAndTenth() {
    StringWriter text = new StringWriter();
    try (ConversionProgress progress = new ConversionProgress(new PrintWriter(text), "quantize")) {
      progress.begin(1 << 30);
      progress.shard("a.safetensors", true);
      progress.advance(1 << 29);
      progress.shard("b.safetensors", false);
      progress.advance(1 << 20);
      progress.advance((1 << 29) - (1 << 20));
    }
    assertThat(text.toString().lines())
        .containsExactly(
            "quantize a.safetensors: done by an earlier run",
            "quantize 50.0 % of 1.00 GiB",
            "quantize b.safetensors",
            "quantize 100.0 % of 1.00 GiB");
  }
}
