package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.EVERY_EXECUTION;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The emulator does the same on a JVM that exports nothing to it, and in another thread. */
class FallbackTest {
  private static final String INTERNALS = "--add-exports=java.base/jdk.internal.";

  @Test
  void withoutInternalPackagesEverythingStaysTheSame() throws Exception {
    String here = outcome();
    assertThat(java(List.of())).isEqualTo(here);
    assertThat(java(List.of(INTERNALS + "vm=ALL-UNNAMED"))).isEqualTo(here);
    assertThat(
            java(
                List.of(
                    INTERNALS + "access=ALL-UNNAMED",
                    INTERNALS + "reflect=ALL-UNNAMED",
                    "-Dforetoken.emulator.sanitize=true")))
        .isEqualTo(here);
  }

  @Test
  void plansRunInVirtualThreadsToo() throws Exception {
    String here = outcome();
    String[] there = new String[4];
    Thread[] threads = new Thread[there.length];
    for (int i = 0; i < threads.length; i++) {
      int slot = i;
      Runnable body = () -> there[slot] = outcome();
      threads[i] = i % 2 == 0 ? Thread.startVirtualThread(body) : Thread.ofPlatform().start(body);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(there).containsOnly(here);
  }

  @Test
  void twoRunsAreTheSame() {
    assertThat(outcome()).isEqualTo(outcome());
  }

  /** Runs sound and faulty kernels of several kinds; returns all results and messages. */
  private static String outcome() {
    KernelContext context = new KernelContext();
    FloatArray in = new FloatArray(128);
    in.init(0.1f);
    FloatArray sum = new FloatArray(1);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, in)
            .task("t", WarpTest::sumOfGroup, context, in, sum)
            .transferToHost(EVERY_EXECUTION, sum),
        Launch.grid(1, 128));
    IntArray numbers = new IntArray(2 * FaultyKernels.GROUP);
    numbers.init(1);
    IntArray out = new IntArray(2 * FaultyKernels.GROUP);
    List<String> messages = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      TaskGraph graph = new TaskGraph("g").transferToDevice(EVERY_EXECUTION, numbers);
      switch (i) {
        case 0 -> graph.task("t", FaultyKernels::reverse, context, numbers, out);
        case 1 -> graph.task("t", FaultyKernels::overwriteTooEarly, context, numbers, out);
        default -> graph.task("t", FaultyKernels::divergentBarrier, context, out);
      }
      graph.transferToHost(EVERY_EXECUTION, out);
      try {
        Launch.once(graph, Launch.grid(2, FaultyKernels.GROUP));
        messages.add(Arrays.toString(out.toHeapArray()));
      } catch (TornadoRuntimeException e) {
        messages.add(e.getMessage());
      }
    }
    return sum.get(0) + " " + messages;
  }

  private static String java(List<String> options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.strip();
  }

  /** What the other JVM runs. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      System.out.println(outcome());
    }
  }
}
