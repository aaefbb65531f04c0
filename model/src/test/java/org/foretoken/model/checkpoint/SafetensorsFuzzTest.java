package org.foretoken.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutated headers: whatever is wrong with them, only a one-line InputException may come out. */
class SafetensorsFuzzTest {
  private static final int DATA = 64;
  private static final String[] SEEDS = {
    "{}",
    "{\"__metadata__\":{\"format\":\"pt\",\"k\":\"v\"},"
        + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,8],\"data_offsets\":[0,64]}}",
    "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[7,8],\"data_offsets\":[0,56]},"
        + "\"w_scale_inv\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[56,60]},"
        + "\"n\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[60,64]},"
        + "\"e\":{\"dtype\":\"I64\",\"shape\":[0,3],\"data_offsets\":[64,64]}}",
  };
  private static final String[] WORDS = {
    "\"dtype\"",
    "\"shape\"",
    "\"data_offsets\"",
    "\"F8_E4M3\"",
    "\"F4\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "-1",
    "1e9",
    "9223372036854775807",
    "18446744073709551616",
    "0",
    "null",
    "true",
    "[[[[[[[[",
    "\n",
    "\u00e4",
    "__metadata__",
    "NaN",
    "/*",
    "64",
    "0.5",
  };

  @TempDir Path folder;

  @Test
  void onlyInputExceptionsComeOut() {
    SplittableRandom random = new SplittableRandom(5);
    int accepted = 0;
    for (int i = 0; i < 30_000; i++) {
      byte[] header = mutate(SEEDS[i % SEEDS.length], random);
      try {
        SafetensorsHeader.Parsed parsed =
            SafetensorsHeader.parse(Path.of("f"), new ByteArrayInputStream(header), DATA);
        long covered = parsed.tensors().values().stream().mapToLong(TensorInfo::bytes).sum();
        if (covered != DATA) {
          fail("header " + new String(header, StandardCharsets.UTF_8) + " covers " + covered);
        }
        accepted++;
      } catch (InputException e) {
        if (e.getMessage().length() > 2000 || e.getMessage().lines().count() != 1) {
          fail("message: " + e.getMessage());
        }
      } catch (RuntimeException | Error e) {
        fail("header " + new String(header, StandardCharsets.UTF_8), e);
      }
    }
    assertThat(accepted).as("mutations that are still right").isBetween(100, 15_000);
  }

  @Test
  void onlyInputExceptionsComeOutOfWholeFiles() {
    SplittableRandom random = new SplittableRandom(6);
    Path path = folder.resolve("f.safetensors");
    for (int i = 0; i < 1_000; i++) {
      byte[] header = SEEDS[i % SEEDS.length].getBytes(StandardCharsets.UTF_8);
      byte[] bytes = Bytes.file(header.length, header, i % SEEDS.length == 0 ? 0 : DATA);
      int flips = random.nextInt(4);
      for (int f = 0; f < flips; f++) {
        int at = random.nextInt(random.nextBoolean() ? 9 : bytes.length);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
      }
      Bytes.raw(
          path,
          Arrays.copyOf(bytes, bytes.length - random.nextInt(2) * random.nextInt(bytes.length)));
      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        for (TensorInfo info : file.tensors()) {
          assertThat(file.bytes(info.name()).byteSize()).isEqualTo(info.bytes());
        }
      } catch (InputException e) {
        assertThat(e.getMessage()).hasLineCount(1).contains("f.safetensors");
      }
    }
  }

  private static byte[] mutate(String seed, SplittableRandom random) {
    StringBuilder text = new StringBuilder(seed);
    int edits = random.nextInt(1, 4);
    for (int e = 0; e < edits; e++) {
      int at = random.nextInt(text.length() + 1);
      int end = Math.min(text.length(), at + random.nextInt(6));
      switch (random.nextInt(5)) {
        case 0 -> text.insert(at, WORDS[random.nextInt(WORDS.length)]);
        case 1 -> text.delete(at, end);
        case 2 -> text.replace(at, end, WORDS[random.nextInt(WORDS.length)]);
        case 3 -> text.insert(at, text.substring(at, Math.min(text.length(), at + 40)));
        default -> text.insert(at, (char) random.nextInt(32, 127));
      }
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    if (random.nextInt(4) == 0 && bytes.length > 0) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return bytes;
  }
}
