package org.foretoken.model.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.foretoken.model.convert.TestCheckpoint.ONE;
import static org.foretoken.model.convert.TestCheckpoint.TWO;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversions whose process ends, without a last word, while the second shard is written. */
class KilledConversionTest {
  private static final int KILLED = 137;

  @TempDir private Path temp;

  @Test
  void aKilledQuantizationGoesOn() throws Exception {
    Path in = new TestCheckpoint(temp.resolve("in")).write().folder;
    killedAndTakenUp("quantize", in);
  }

  @Test
  void aKilledDequantizationGoesOn() throws Exception {
    Path in = new TestCheckpoint(temp.resolve("in")).write().folder;
    Path fp8 = temp.resolve("fp8");
    convert("quantize", in, fp8, ConversionListener.NONE);
    killedAndTakenUp("dequantize", fp8);
  }

  private void killedAndTakenUp(String kind, Path in) throws Exception {
    Path out = temp.resolve("out");
    Path partial = temp.resolve("out.partial");
    assertThat(kill(kind, in, out)).isEqualTo(KILLED);
    assertThat(out).doesNotExist();
    assertThat(files(partial))
        .containsOnlyKeys(ONE, TWO + ".part", "conversion.json", "conversion.lock");

    Path clean = temp.resolve("clean");
    convert(kind, in, clean, ConversionListener.NONE);
    assertThat(convert(kind, in, out, ConversionListener.NONE).resumed()).isEqualTo(1);
    assertThat(partial).doesNotExist();
    assertThat(files(out)).isEqualTo(files(clean));
  }

  /** Every byte as a character of its own, by file name. */
  private static Map<String, String> files(Path folder) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (var paths = Files.list(folder)) {
      for (Path path : paths.toList()) {
        files.put(
            path.getFileName().toString(),
            new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1));
      }
    }
    return files;
  }

  private static ConversionResult convert(
      String kind, Path in, Path out, ConversionListener listener) {
    try (HostPool pool = new HostPool(1)) {
      return kind.equals("quantize")
          ? QuantizeCheckpoint.run(
              pool,
              in,
              out,
              QuantizationRecipes.BLOCK_128X128,
              LinearWeights.BY_NAME,
              false,
              listener)
          : DequantizeCheckpoint.run(pool, in, out, SafetensorsDType.BF16, listener);
    }
  }

  private static int kill(String kind, Path in, Path out) throws Exception {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Killed.class.getName(),
                    kind,
                    in.toString(),
                    out.toString()))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    assertThat(code).as(output).isNotZero().isNotEqualTo(1);
    return code;
  }

  /** What the other process runs. */
  static final class Killed {
    private Killed() {}

    public static void main(String[] args) {
      ConversionListener killer =
          new ConversionListener() {
            private boolean second;

            @Override
            public void shard(String name, boolean kept) {
              second = name.equals(TWO);
            }

            @Override
            public void advance(long bytes) {
              if (second) {
                Runtime.getRuntime().halt(KILLED); // no finally block, no shutdown hook
              }
            }
          };
      convert(args[0], Path.of(args[1]), Path.of(args[2]), killer);
    }
  }
}
