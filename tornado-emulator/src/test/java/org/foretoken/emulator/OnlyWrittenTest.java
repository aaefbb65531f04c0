package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.EVERY_EXECUTION;

import java.lang.reflect.Method;
import java.util.Arrays;
import org.foretoken.emulator.code.KernelCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * TornadoVM leaves out the transfer to the device of an array that its first task only writes, and
 * so does the emulator. Which kernels count was seen with TornadoVM 5.2.0 on PoCL.
 */
class OnlyWrittenTest {
  // Each writes some elements of b.

  static void always(KernelContext c, IntArray x, FloatArray b) {
    b.set(x.get(c.globalIdx), 5f);
  }

  static void conditionalValue(KernelContext c, IntArray x, FloatArray b) {
    b.set(x.get(c.globalIdx), x.get(c.globalIdx) > 2 ? 5f : 6f);
  }

  static void afterIf(KernelContext c, IntArray x, FloatArray b) {
    float v = 1f;
    if (x.get(c.globalIdx) > 2) {
      v = x.get(8) * 2f;
    }
    b.set(x.get(c.globalIdx), v);
  }

  static void afterBarrier(KernelContext c, IntArray x, FloatArray b) {
    c.localBarrier();
    b.set(x.get(c.globalIdx), 5f);
  }

  static void aheadOfLoop(KernelContext c, IntArray x, FloatArray b) {
    b.set(x.get(c.globalIdx), 5f);
    int sum = 0;
    for (int j = 0; j < x.get(8); j++) {
      sum += x.get(j);
    }
    x.set(c.globalIdx, sum);
  }

  static void inHelper(KernelContext c, IntArray x, FloatArray b) {
    store(b, x.get(c.globalIdx), 5f);
  }

  private static void store(FloatArray b, int index, float value) {
    b.set(index, value);
  }

  static void parallelLoop(IntArray x, FloatArray b) {
    for (@Parallel int i = 0; i < 8; i++) {
      b.set(x.get(i), 5f);
    }
  }

  static void parallelLoops(IntArray x, FloatArray b) {
    for (@Parallel int i = 0; i < 4; i++) {
      for (@Parallel int j = 0; j < 2; j++) {
        b.set(x.get(i) + j * 8, 5f);
      }
    }
  }

  static void guarded(KernelContext c, IntArray x, FloatArray b) {
    if (c.globalIdx < 4) {
      b.set(x.get(c.globalIdx), 5f);
    }
  }

  static void guardedByReturn(KernelContext c, IntArray x, FloatArray b) {
    if (c.globalIdx >= 4) {
      return;
    }
    b.set(x.get(c.globalIdx), 5f);
  }

  static void twice(KernelContext c, IntArray x, FloatArray b) {
    if (c.globalIdx < 2) {
      b.set(x.get(c.globalIdx), 5f);
    }
    b.set(x.get(c.globalIdx), 4f);
  }

  static void inLoop(KernelContext c, IntArray x, FloatArray b) {
    for (int j = 0; j < x.get(8); j++) {
      b.set(x.get(c.globalIdx) + 8 * j, 5f);
    }
  }

  static void afterLoop(KernelContext c, IntArray x, FloatArray b) {
    float sum = 1f;
    for (int j = 0; j < 3; j++) {
      sum += x.get(j);
    }
    b.set(x.get(c.globalIdx), sum);
  }

  static void readToo(KernelContext c, IntArray x, FloatArray b) {
    b.set(x.get(c.globalIdx), 5f + b.get(7));
  }

  static void guardedInParallelLoop(IntArray x, FloatArray b) {
    for (@Parallel int i = 0; i < 8; i++) {
      if (x.get(i) > 2) {
        b.set(x.get(i), 5f);
      }
    }
  }

  static void twoTimes(FloatArray b, FloatArray o) {
    for (@Parallel int i = 0; i < o.getSize(); i++) {
      o.set(i, 2 * b.get(i));
    }
  }

  private static boolean losesTransfer(String kernel) {
    Method method =
        Arrays.stream(OnlyWrittenTest.class.getDeclaredMethods())
            .filter(m -> m.getName().equals(kernel))
            .findFirst()
            .orElseThrow();
    return KernelCode.of(method).onlyWrittenParameters().contains(method.getParameterCount() - 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "always",
        "conditionalValue",
        "afterIf",
        "afterBarrier",
        "aheadOfLoop",
        "inHelper",
        "parallelLoop",
        "parallelLoops"
      })
  void transferIsLeftOut(String kernel) {
    assertThat(losesTransfer(kernel)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "guarded",
        "guardedByReturn",
        "twice",
        "inLoop",
        "afterLoop",
        "readToo",
        "guardedInParallelLoop"
      })
  void transferTakesPlace(String kernel) {
    assertThat(losesTransfer(kernel)).isFalse();
  }

  @Test
  void elementsThatTheKernelLeavesAloneAreAbsent() {
    IntArray x = IntArray.fromElements(0, 2, 4, 6, 1, 3, 5, 7, 3);
    FloatArray b = new FloatArray(9);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x, b)
            .task("t", OnlyWrittenTest::parallelLoop, x, b)
            .task("u", OnlyWrittenTest::twoTimes, b, new FloatArray(9));
    assertThatThrownBy(() -> Launch.once(graph))
        .hasMessageContaining("g.u [OnlyWrittenTest.twoTimes]")
        .hasMessageContaining("b[8]")
        .hasMessageContaining("first task of a graph only writes");
  }

  @Test
  void arrayThatIsReadFirstIsTransferred() {
    IntArray x = IntArray.fromElements(0, 2, 4, 6, 1, 3, 5, 7, 3);
    FloatArray b = new FloatArray(9);
    b.init(8);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x, b)
            .task("u", OnlyWrittenTest::twoTimes, b, new FloatArray(9))
            .task("t", OnlyWrittenTest::parallelLoop, x, b)
            .transferToHost(EVERY_EXECUTION, b));
    assertThat(b.get(8)).isEqualTo(8);
    assertThat(b.get(0)).isEqualTo(5);
  }
}
