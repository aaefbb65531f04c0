package org.foretoken.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DoctorTest {
  @TempDir Path folder;

  private Check examine(String name, String java, Map<String, String> environment, String smi) {
    Machine machine =
        new Machine(
            environment, Runtime.Version.parse(java), folder, words -> Optional.ofNullable(smi));
    List<Check> checks = Doctor.examine(machine);
    assertThat(checks)
        .allSatisfy(c -> assertThat(c.fix() == null).isEqualTo(c.status() == Check.Status.OK));
    return checks.stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
  }

  private Check sdk(String name) {
    return examine(name, "25.0.3", Map.of("TORNADOVM_HOME", folder.toString()), null);
  }

  private void file(String path) throws IOException {
    Files.createDirectories(folder.resolve(path).getParent());
    Files.writeString(folder.resolve(path), "");
  }

  @ParameterizedTest
  @CsvSource({"25.0.3+9-LTS, OK", "25.0.2, FAILED", "26-ea, OK", "21.0.9, FAILED"})
  void theJdkHasToBeNewEnough(String java, Check.Status status) {
    assertThat(examine("JDK", java, Map.of(), null).status()).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource({"8.9, OK", "9.0, OK", "10.0, OK", "12.1, OK", "8.6, ABSENT", "7.5, ABSENT"})
  void fp8NeedsAdaOrLater(String capability, Check.Status status) {
    String smi = "NVIDIA Thing, 580.65.06, 81559 MiB, " + capability;
    assertThat(examine("FP8", "25.0.3", Map.of(), smi).status()).isEqualTo(status);
    assertThat(examine("GPU", "25.0.3", Map.of(), smi).found())
        .contains("NVIDIA Thing", "81559 MiB", capability);
    assertThat(examine("NVIDIA driver", "25.0.3", Map.of(), smi).found()).isEqualTo("580.65.06");
  }

  @Test
  void nothingOfNvidiaIsNoFault() {
    for (String name : List.of("NVIDIA driver", "GPU", "FP8", "TornadoVM")) {
      assertThat(examine(name, "25.0.3", Map.of(), null).status()).isEqualTo(Check.Status.ABSENT);
    }
  }

  @Test
  void anSdkIsLookedThrough() throws IOException {
    assertThat(sdk("TornadoVM").status()).isEqualTo(Check.Status.FAILED);
    file("share/java/tornado/tornado-api-4.0.0.jar");
    assertThat(sdk("TornadoVM").found()).endsWith("holds tornado-api-4.0.0.jar");
    file("share/java/tornado/tornado-api-5.2.0-jdk25.jar");
    file("share/java/tornado/tornado-drivers-common-5.2.0-jdk25.jar");
    assertThat(sdk("TornadoVM").status()).isEqualTo(Check.Status.OK);
    assertThat(sdk("backend").found()).isEqualTo("none");
    file("share/java/tornado/tornado-drivers-cuda-5.2.0-jdk25.jar");
    assertThat(sdk("backend").status()).isEqualTo(Check.Status.FAILED);
    file("lib/libtornado-cuda.so");
    assertThat(sdk("backend")).isEqualTo(Check.ok("backend", "cuda"));
    assertThat(sdk("CUDA toolkit").found()).isEqualTo("CUDA_PATH is not set");
  }
}
