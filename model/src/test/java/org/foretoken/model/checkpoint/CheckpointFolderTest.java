package org.foretoken.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of shards: everything is found before anything is read. */
class CheckpointFolderTest {
  private static final String ONE = "model-00001-of-00002.safetensors";
  private static final String TWO = "model-00002-of-00002.safetensors";

  @TempDir Path folder;

  private void shards() {
    Bytes.file(folder.resolve(ONE), tensor("a"), 4);
    Bytes.file(folder.resolve(TWO), tensor("b"), 4);
    index("\"a\":\"" + ONE + "\",\"b\":\"" + TWO + "\"");
    Bytes.text(folder.resolve("config.json"), "{\"model_type\":\"deepseek_v3\"}");
  }

  private void index(String map) {
    Bytes.text(
        folder.resolve(CheckpointFolder.INDEX), "{\"metadata\":{},\"weight_map\":{" + map + "}}");
  }

  private static String tensor(String name) {
    return "{\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}";
  }

  private void refused(String... parts) {
    assertThatThrownBy(() -> CheckpointFolder.open(folder).close())
        .isInstanceOf(InputException.class)
        .hasMessageNotContaining("\n")
        .hasMessageContaining(folder.toString())
        .hasMessageContainingAll(parts);
  }

  @Test
  void opensShards() {
    shards();
    try (CheckpointFolder opened = CheckpointFolder.open(folder)) {
      assertThat(opened.indexed()).isTrue();
      assertThat(opened.shards()).containsOnlyKeys(ONE, TWO);
      assertThat(opened.tensorNames()).containsExactly("a", "b");
      assertThat(opened.bytes()).isEqualTo(8);
      assertThat(opened.bytes("b").byteSize()).isEqualTo(4);
      assertThat(opened.config().orElseThrow().path("model_type").asText())
          .isEqualTo("deepseek_v3");
      assertThatThrownBy(() -> opened.info("c")).isInstanceOf(InputException.class);
    }
  }

  @Test
  void opensASingleFile() throws IOException {
    Bytes.file(folder.resolve("model.safetensors"), tensor("a"), 4);
    Bytes.file(folder.resolve("optimizer.safetensors"), tensor("a.m"), 4);
    try (CheckpointFolder opened = CheckpointFolder.open(folder)) {
      assertThat(opened.indexed()).isFalse();
      assertThat(opened.config()).isEmpty();
      assertThat(opened.tensorNames()).containsExactly("a");
    }
    Files.delete(folder.resolve("model.safetensors"));
    try (CheckpointFolder opened = CheckpointFolder.open(folder)) {
      assertThat(opened.tensorNames()).containsExactly("a.m");
    }
    Bytes.file(folder.resolve("other.safetensors"), tensor("a"), 4);
    refused("found neither", "2 other");
  }

  @Test
  void refusesWhatIsMissing() throws IOException {
    refused("found neither", "0 other");
    shards();
    Files.delete(folder.resolve(TWO));
    refused(TWO, "missing");
    shards();
    index("\"a\":\"" + ONE + "\",\"b\":\"" + TWO + "\",\"c\":\"" + TWO + "\"");
    refused("'c'", TWO, "lacks");
    index("\"a\":\"" + ONE + "\",\"b\":\"" + ONE + "\"");
    refused("'b'", ONE, "lacks");
  }

  @Test
  void refusesWhatTheIndexDoesNotList() {
    shards();
    Bytes.file(
        folder.resolve(TWO),
        "{\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
        8);
    refused("'a'", TWO, "found " + ONE);
  }

  @Test
  void refusesAnIndexThatLeavesTheFolder() {
    shards();
    for (String name :
        new String[] {"../x.safetensors", "/etc/passwd", "x.bin", "a/b.safetensors", "\\u0000"}) {
      index("\"a\":\"" + name + "\"");
      refused("'a'", "expected the name of a safetensors file");
    }
    index("\"a\":7");
    refused("'a'", "7");
    Bytes.text(folder.resolve(CheckpointFolder.INDEX), "{}");
    refused("weight_map");
    Bytes.text(folder.resolve(CheckpointFolder.INDEX), "[");
    refused("line 1");
    index("\"a\":\"" + ONE + "\",\"a\":\"" + TWO + "\"");
    refused("uplicate");
  }

  @Test
  void refusesABrokenConfiguration() {
    shards();
    Bytes.text(folder.resolve("config.json"), "{\"x\": 1");
    refused("config.json", "line 1");
    assertThatThrownBy(() -> CheckpointFolder.open(folder.resolve("none")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("found nothing");
  }
}
