package org.foretoken.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads files made by hand, and refuses damaged ones in one line. */
class SafetensorsFileTest {
  private static final String TWO =
      "{\"__metadata__\":{\"format\":\"pt\"},"
          + "\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[3,5],\"data_offsets\":[0,15]},"
          + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[15,23]}}";

  @TempDir Path folder;

  private Path path() {
    return folder.resolve("a.safetensors");
  }

  @Test
  void readsTensorsAndMetadata() {
    try (SafetensorsFile file = SafetensorsFile.open(Bytes.file(path(), TWO + "   ", 23))) {
      assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
      assertThat(file.tensors()).hasSize(2);
      assertThat(file.info("w"))
          .isEqualTo(new TensorInfo("w", SafetensorsDType.F8_E4M3, List.of(3L, 5L), 0, 15));
      assertThat(file.info("w").elements()).isEqualTo(15);
      assertThat(file.bytes("w").toArray(ValueLayout.JAVA_BYTE))
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
      assertThat(file.bytes("b").get(ValueLayout.JAVA_INT_UNALIGNED, 0)).isEqualTo(0x1211100f);
      assertThat(file.bytes("b").isReadOnly()).isTrue();
      assertThatThrownBy(() -> file.bytes("c"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("'c'")
          .hasMessageContaining(path().toString());
    }
  }

  @Test
  void readsEveryTypeScalarsAndEmptyTensors() {
    StringBuilder header = new StringBuilder("{");
    int at = 0;
    for (SafetensorsDType type : SafetensorsDType.values()) {
      int bytes = type.bits() * 4 / 8;
      header.append(entry(type.name(), type.name(), "[2,2]", at, at + bytes)).append(',');
      at += bytes;
    }
    header.append(entry("scalar", "F64", "[]", at, at + 8)).append(',');
    at += 8;
    header.append(entry("empty", "F64", "[7,0,9]", at, at)).append('}');
    try (SafetensorsFile file = SafetensorsFile.open(Bytes.file(path(), header.toString(), at))) {
      assertThat(file.tensors()).hasSize(SafetensorsDType.values().length + 2);
      for (SafetensorsDType type : SafetensorsDType.values()) {
        assertThat(file.info(type.name()).elements()).isEqualTo(4);
      }
      assertThat(file.info("scalar").elements()).isEqualTo(1);
      assertThat(file.bytes("empty").byteSize()).isZero();
    }
  }

  @Test
  void readsAFileWithoutTensors() {
    try (SafetensorsFile file = SafetensorsFile.open(Bytes.file(path(), "{}", 0))) {
      assertThat(file.tensors()).isEmpty();
    }
  }

  private static String entry(String name, String type, String shape, Object begin, Object end) {
    return String.format(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%s,%s]}",
        name, type, shape, begin, end);
  }

  private void refused(int data, String header, String... parts) {
    assertThatThrownBy(() -> SafetensorsFile.open(Bytes.file(path(), header, data)).close())
        .isInstanceOf(InputException.class)
        .hasMessageNotContaining("\n")
        .hasMessageContaining(path().toString())
        .hasMessageContainingAll(parts);
  }

  @Test
  void refusesTensorsThatDoNotCoverTheData() {
    refused(22, TWO, "'b'", "[15, 23]", "22 bytes");
    refused(24, TWO, "offset 23", "1 more bytes");
    String two = "{" + entry("a", "U8", "[4]", 0, 4) + ",";
    refused(9, two + entry("b", "U8", "[4]", 5, 9) + "}", "'b'", "offset 4", "found 5", "gap");
    refused(7, two + entry("b", "U8", "[4]", 3, 7) + "}", "'b'", "offset 4", "overlap");
    refused(4, two + entry("b", "U8", "[4]", 0, 4) + "}", "overlap");
    refused(4, "{" + entry("a", "U8", "[3]", 0, 4) + "}", "'a'", "offset 0", "3 bytes", "found 4");
    refused(4, "{" + entry("a", "U8", "[4]", 4, 0) + "}", "'a'", "[4, 0]");
  }

  @Test
  void refusesNumbersThatOverflow() {
    String huge = "4611686018427387904"; // 2^62
    refused(4, "{" + entry("a", "F64", "[" + huge + ",4]", 0, 4) + "}", "'a'", "overflows");
    refused(4, "{" + entry("a", "U8", "[" + huge + "]", 0, huge) + "}", "'a'", "overflows");
    String beyond = "9223372036854775808";
    refused(4, "{" + entry("a", "U8", "[" + beyond + "]", 0, 4) + "}", "'a'", "shape", beyond);
    refused(4, "{" + entry("a", "U8", "[4]", 0, beyond) + "}", "'a'", "data_offsets", beyond);
    refused(4, "{" + entry("a", "U8", "[-4]", 0, 4) + "}", "'a'", "shape", "-4");
    refused(4, "{" + entry("a", "U8", "[4.0]", 0, 4) + "}", "'a'", "shape", "4.0");
    refused(4, "{" + entry("a", "U8", "[1e99999999]", 0, 4) + "}", "'a'");
    refused(2, "{" + entry("a", "F4", "[3]", 0, 2) + "}", "'a'", "whole bytes");
    String many = "[" + "1,".repeat(100) + "4]";
    refused(4, "{" + entry("a", "U8", many, 0, 4) + "}", "'a'", "at most 64");
  }

  @Test
  void refusesNamesTwiceAndUnknownTypes() {
    String a = entry("a", "U8", "[4]", 0, 4);
    refused(4, "{" + a + "," + a + "}", "duplicate", "a");
    refused(4, "{" + a.replace("\"shape\"", "\"dtype\":\"U8\",\"shape\"") + "}", "duplicate");
    refused(4, "{" + entry("a", "F9", "[4]", 0, 4) + "}", "'a'", "dtype", "F9");
    refused(4, "{\"a\":{\"dtype\":7,\"shape\":[4],\"data_offsets\":[0,4]}}", "'a'", "dtype");
    refused(4, "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", "'a'", "shape");
    refused(4, "{\"a\":[]}", "'a'", "an array");
    refused(0, "{\"__metadata__\":{\"x\":1}}", "__metadata__.x", "string");
    refused(0, "{\"__metadata__\":null}", "null");
  }

  @ParameterizedTest
  @CsvSource({
    "'[]'",
    "'{'",
    "'{}}'",
    "'{} {}'",
    "'{\"a\"}'",
    "'  {}'",
    "'{\"a\":{\"dtype\":'",
    "x{"
  })
  void refusesWhatIsNotOneJsonObject(String header) {
    refused(0, header, "header");
  }

  @Test
  void refusesOtherEncodings() {
    byte[] utf16 = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_16LE);
    Path file = Bytes.raw(path(), Bytes.file(utf16.length, utf16, 0));
    assertThatThrownBy(() -> SafetensorsFile.open(file)).isInstanceOf(InputException.class);
    byte[] latin =
        "{\"__metadata__\":{\"x\":\"\u00e4\"}}"
            .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    Path other = Bytes.raw(path(), Bytes.file(latin.length, latin, 0));
    assertThatThrownBy(() -> SafetensorsFile.open(other))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void refusesNamesThatWouldBreakTheLine() {
    String header = "{" + entry("a\\nb\\u001b[31m" + "x".repeat(5000), "F9", "[4]", 0, 4) + "}";
    assertThatThrownBy(() -> SafetensorsFile.open(Bytes.file(path(), header, 4)))
        .isInstanceOf(InputException.class)
        .message()
        .contains("a\\u000ab\\u001b[31mxxx")
        .hasSizeLessThan(1000)
        .hasLineCount(1);
  }

  @Test
  void refusesHeadersThatLieAboutTheirLength() throws IOException {
    byte[] json = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    for (long length : new long[] {0, 1, 3, 100_000_001L, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
      Path file = Bytes.raw(path(), Bytes.file(length, json, 0));
      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("offset 0")
          .hasMessageContaining(Long.toUnsignedString(length));
    }
    for (int bytes = 0; bytes < 8; bytes++) {
      Path file = Bytes.raw(path(), new byte[bytes]);
      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("found " + bytes);
    }
  }

  @Test
  void refusesEveryTruncation() throws IOException {
    Bytes.file(path(), TWO, 23);
    int size = (int) java.nio.file.Files.size(path());
    for (int less = 1; less <= size; less++) {
      byte[] bytes = Bytes.shortened(path(), less);
      Path cut = Bytes.raw(folder.resolve("cut.safetensors"), bytes);
      assertThatThrownBy(() -> SafetensorsFile.open(cut))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("cut.safetensors");
    }
  }

  @Test
  void refusesWhatIsNoFile() {
    assertThatThrownBy(() -> SafetensorsFile.open(folder)).isInstanceOf(InputException.class);
    assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("found nothing");
  }
}
