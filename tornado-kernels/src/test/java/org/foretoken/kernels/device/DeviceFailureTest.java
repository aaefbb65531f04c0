package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What TornadoVM throws becomes one line, with the way out where there is one. */
class DeviceFailureTest {
  private static String line(String message) {
    RuntimeException failure = new IllegalStateException("outer", new RuntimeException(message));
    return DeviceFailure.explain("training", List.of(), failure).getMessage();
  }

  @Test
  void outOfDeviceMemorySaysHowToGetMore() {
    assertThat(
            line(
                "Unable to allocate 4096 bytes of memory.\u001B[33m\n\tTo increase the maximum"
                    + " device memory, use -Dtornado.device.memory=<X>GB\n\u001B[0m"))
        .startsWith("device: graph 'training': IllegalStateException: ")
        .contains("out of device memory", "-Dtornado.device.memory=")
        .hasLineCount(1);
    assertThat(line("cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY")).contains("out of device memory");
  }

  @Test
  void otherFailuresAreLeftAsTheyAre() {
    assertThat(line("no such kernel"))
        .isEqualTo("device: graph 'training': IllegalStateException: outer no such kernel");
  }
}
