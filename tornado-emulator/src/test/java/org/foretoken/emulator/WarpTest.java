package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.EVERY_EXECUTION;

import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/** What the lanes of a warp do together, and atomics. */
class WarpTest {
  private static final int SIZE = 128;

  static void operations(
      KernelContext c, FloatArray in, FloatArray sum, FloatArray down, FloatArray first) {
    int i = c.globalIdx;
    float value = in.get(i);
    sum.set(i, c.simdSum(value));
    down.set(i, c.simdShuffleDown(value, 5));
    first.set(i, c.simdBroadcastFirst(value));
  }

  /** The usual two steps: sums of warps, then the sum of those. */
  static void sumOfGroup(KernelContext c, FloatArray in, FloatArray out) {
    float[] partial = c.allocateFloatLocalArray(32);
    int lane = c.localIdx % 32;
    int warp = c.localIdx / 32;
    float sum = in.get(c.globalIdx);
    for (int offset = 16; offset > 0; offset /= 2) {
      sum += c.simdShuffleDown(sum, offset);
    }
    if (lane == 0) {
      partial[warp] = sum;
    }
    c.localBarrier();
    if (warp == 0) {
      float total = 0;
      if (lane < SIZE / 32) {
        total = partial[lane];
      }
      total = c.simdSum(total);
      if (lane == 0) {
        out.set(0, total);
      }
    }
  }

  static void atomics(KernelContext c, LongArray longs, DoubleArray doubles, FloatArray floats) {
    c.atomicAdd(longs, 0, (long) c.globalIdx);
    c.atomicAdd(doubles, 0, 0.5);
    c.atomicAdd(floats, c.globalIdx % 2, 1f);
  }

  private final KernelContext context = new KernelContext();
  private final FloatArray in = new FloatArray(SIZE);

  WarpTest() {
    for (int i = 0; i < SIZE; i++) {
      in.set(i, i);
    }
  }

  @Test
  void everyWarpForItself() {
    FloatArray sum = new FloatArray(SIZE);
    FloatArray down = new FloatArray(SIZE);
    FloatArray first = new FloatArray(SIZE);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, in)
            .task("t", WarpTest::operations, context, in, sum, down, first)
            .transferToHost(EVERY_EXECUTION, sum, down, first),
        Launch.grid(2, SIZE / 2));
    for (int i = 0; i < SIZE; i++) {
      int start = i / 32 * 32;
      assertThat(sum.get(i)).as("sum %d", i).isEqualTo(32 * start + 31 * 16);
      assertThat(down.get(i)).as("down %d", i).isEqualTo(i - start + 5 < 32 ? i + 5 : i);
      assertThat(first.get(i)).as("first %d", i).isEqualTo(start);
    }
  }

  @Test
  void warpsAndBarriersTogether() {
    FloatArray out = new FloatArray(1);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, in)
            .task("t", WarpTest::sumOfGroup, context, in, out)
            .transferToHost(EVERY_EXECUTION, out),
        Launch.grid(1, SIZE));
    assertThat(out.get(0)).isEqualTo(SIZE * (SIZE - 1) / 2f);
  }

  @Test
  void atomicAdditions() {
    LongArray longs = LongArray.fromElements(1L << 40);
    DoubleArray doubles = DoubleArray.fromElements(0);
    FloatArray floats = FloatArray.fromElements(0, 100);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, longs, doubles, floats)
            .task("t", WarpTest::atomics, context, longs, doubles, floats)
            .transferToHost(EVERY_EXECUTION, longs, doubles, floats),
        Launch.grid(4, 32));
    assertThat(longs.get(0)).isEqualTo((1L << 40) + SIZE * (SIZE - 1) / 2);
    assertThat(doubles.get(0)).isEqualTo(SIZE / 2.0);
    assertThat(floats.toHeapArray()).containsExactly(SIZE / 2f, 100 + SIZE / 2f);
  }
}
