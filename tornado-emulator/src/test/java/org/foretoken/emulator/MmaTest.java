package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.EVERY_EXECUTION;

import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.FP8;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Products through fragments equal plain matrix products, in every operand format. */
class MmaTest {
  private static final int M = 32;
  private static final int N = 24;
  private static final int K = 96;

  // C (M, N) = A (M, K) B (K, N), one warp to a 16 x 8 tile of C.

  static void fp16(KernelContext c, HalfFloatArray a, HalfFloatArray b, FloatArray out) {
    int[] tileA = c.allocateIntLocalArray(16 * 8);
    int[] tileB = c.allocateIntLocalArray(16 * 4);
    int row = 16 * c.groupIdy;
    int column = 8 * c.groupIdx;
    int lane = c.localIdx;
    float[] sum = c.mmaFragment(0f);
    for (int k = 0; k < K; k += 16) {
      for (int i = lane; i < 16 * 8; i += 32) {
        int at = (row + i / 8) * K + k + i % 8 * 2;
        tileA[i] = bits(a, at) | bits(a, at + 1) << 16;
      }
      for (int i = lane; i < 16 * 4; i += 32) {
        int at = (k + i / 4) * N + column + i % 4 * 2;
        tileB[i] = bits(b, at) | bits(b, at + 1) << 16;
      }
      c.localBarrier();
      HalfFloat[] fragA = c.mmaLoadA(tileA, 16);
      HalfFloat[] fragB = c.mmaLoadB(tileB, 16);
      sum = c.mma(fragA, fragB, sum, MMAShape.M16N8K16);
      c.localBarrier();
    }
    c.mmaStore(sum, out, row, column, N);
  }

  private static int bits(HalfFloatArray array, int index) {
    return array.get(index).getHalfFloatValue() & 0xFFFF;
  }

  static void fp16Swizzled(KernelContext c, HalfFloatArray a, HalfFloatArray b, FloatArray out) {
    int[] tileA = c.allocateIntLocalArray(2 * 16 * 8);
    HalfFloat[] tileB = c.allocateHalfFloatLocalArray(2 * 16 * 8);
    int row = 16 * c.groupIdy;
    int column = 8 * c.groupIdx;
    int lane = c.localIdx;
    float[] sum = c.mmaFragment(0f);
    for (int k = 0; k < K; k += 16) {
      int half = k / 16 % 2;
      for (int i = lane; i < 16 * 8; i += 32) {
        c.asyncCopyToLocal(tileA, half * 16 * 8 + i, a, (row + i / 8) * K + k + i % 8 * 2);
        HalfFloat value = b.get((k + i / 8) * N + column + i % 8);
        c.mmaStoreBSwizzled(tileB, i / 8, i % 8, 8, value, half * 256);
      }
      c.asyncCopyCommit();
      c.asyncCopyWaitGroup(0);
      c.localBarrier();
      HalfFloat[] fragA = c.mmaLoadA(tileA, 16, half * 512);
      HalfFloat[] fragB = c.mmaLoadBSwizzled(tileB, 16, half * 256);
      sum = c.mma(fragA, fragB, sum, MMAShape.M16N8K16);
    }
    c.mmaStore(sum, out, row, column, N);
  }

  static void bf16(KernelContext c, ShortArray a, ShortArray b, FloatArray out) {
    int[] tileA = c.allocateIntLocalArray(16 * 8);
    int[] tileB = c.allocateIntLocalArray(16 * 4);
    int row = 16 * c.groupIdy;
    int column = 8 * c.groupIdx;
    int lane = c.localIdx;
    float[] sum = c.mmaFragment(0f);
    for (int k = 0; k < K; k += 16) {
      for (int i = lane; i < 16 * 8; i += 32) {
        int at = (row + i / 8) * K + k + i % 8 * 2;
        tileA[i] = a.get(at) & 0xFFFF | a.get(at + 1) << 16;
      }
      for (int i = lane; i < 16 * 4; i += 32) {
        int at = (k + i / 4) * N + column + i % 4 * 2;
        tileB[i] = b.get(at) & 0xFFFF | b.get(at + 1) << 16;
      }
      c.localBarrier();
      sum = c.mmaBF16(c.mmaLoadA(tileA, 16), c.mmaLoadB(tileB, 16), sum, MMAShape.M16N8K16);
      c.localBarrier();
    }
    c.mmaStore(sum, out, row, column, N);
  }

  private static void loadTiles(
      KernelContext c, ByteArray a, ByteArray b, int[] tileA, int[] tileB, int k) {
    int row = 16 * c.groupIdy;
    int column = 8 * c.groupIdx;
    for (int i = c.localIdx; i < 16 * 8; i += 32) {
      int at = (row + i / 8) * K + k + i % 8 * 4;
      tileA[i] = four(a.get(at), a.get(at + 1), a.get(at + 2), a.get(at + 3));
    }
    for (int i = c.localIdx; i < 16 * 4; i += 32) {
      int at = (k + i / 4 * 2) * N + column + i % 4 * 2;
      tileB[i] = four(b.get(at), b.get(at + N), b.get(at + 1), b.get(at + N + 1));
    }
  }

  private static int four(byte b0, byte b1, byte b2, byte b3) {
    return b0 & 0xFF | (b1 & 0xFF) << 8 | (b2 & 0xFF) << 16 | b3 << 24;
  }

  static void e4m3(KernelContext c, ByteArray a, ByteArray b, FloatArray out) {
    int[] tileA = c.allocateIntLocalArray(16 * 8);
    int[] tileB = c.allocateIntLocalArray(16 * 4);
    float[] sum = c.mmaFragment(0f);
    for (int k = 0; k < K; k += 32) {
      loadTiles(c, a, b, tileA, tileB, k);
      c.localBarrier();
      byte[] fragA = c.mmaLoadAFP8(tileA, 32);
      byte[] fragB = c.mmaLoadBFP8(tileB, 32);
      sum = c.mmaFP8E4M3(fragA, fragB, sum, MMAShape.M16N8K32);
      c.localBarrier();
    }
    c.mmaStore(sum, out, 16 * c.groupIdy, 8 * c.groupIdx, N);
  }

  static void e5m2(KernelContext c, ByteArray a, ByteArray b, FloatArray out) {
    int[] tileA = c.allocateIntLocalArray(16 * 8);
    int[] tileB = c.allocateIntLocalArray(16 * 4);
    float[] sum = c.mmaFragment(1f);
    for (int k = 0; k < K; k += 32) {
      loadTiles(c, a, b, tileA, tileB, k);
      c.localBarrier();
      byte[] fragA = c.mmaLoadAFP8(tileA, 32);
      byte[] fragB = c.mmaLoadBFP8(tileB, 32);
      sum = c.mmaFP8E5M2(fragA, fragB, sum, MMAShape.M16N8K32);
      c.localBarrier();
    }
    c.mmaStore(sum, out, 16 * c.groupIdy, 8 * c.groupIdx, N);
  }

  static void int8(KernelContext c, ByteArray a, ByteArray b, IntArray out) {
    int[] tileA = c.allocateIntLocalArray(16 * 8);
    int[] tileB = c.allocateIntLocalArray(16 * 4);
    int[] sum = c.mmaFragmentInt(0);
    for (int k = 0; k < K; k += 32) {
      loadTiles(c, a, b, tileA, tileB, k);
      c.localBarrier();
      byte[] fragA = c.mmaLoadAInt8(tileA, 32);
      byte[] fragB = c.mmaLoadBInt8(tileB, 32);
      sum = c.mmaInt8(fragA, fragB, sum, MMAShape.M16N8K32);
      c.localBarrier();
    }
    c.mmaStoreInt(sum, out, 16 * c.groupIdy, 8 * c.groupIdx, N);
  }

  /** Stores a product, reads it back and adds to it: what per-block scaling has to do. */
  static void readBack(KernelContext c, HalfFloatArray a, FloatArray scratch, FloatArray out) {
    int[] tileA = c.allocateIntLocalArray(16 * 8);
    int[] tileB = c.allocateIntLocalArray(16 * 4);
    int lane = c.localIdx;
    for (int i = lane; i < 16 * 8; i += 32) {
      tileA[i] = bits(a, 2 * i) | bits(a, 2 * i + 1) << 16;
    }
    for (int i = lane; i < 16 * 4; i += 32) {
      tileB[i] = 0x3C003C00;
    }
    c.localBarrier();
    float[] sum =
        c.mma(c.mmaLoadA(tileA, 16), c.mmaLoadB(tileB, 16), c.mmaFragment(0f), MMAShape.M16N8K16);
    c.mmaStore(sum, scratch, 0, 0, 8);
    c.globalBarrier();
    for (int i = lane; i < 16 * 8; i += 32) {
      out.set(i, 2 * scratch.get(i));
    }
  }

  static void wrongFragment(KernelContext c, FloatArray out) {
    int[] tile = c.allocateIntLocalArray(16 * 8);
    for (int i = c.localIdx; i < 16 * 8; i += 32) {
      tile[i] = 0;
    }
    c.localBarrier();
    HalfFloat[] fragment = c.mmaLoadA(tile, 16);
    c.mmaStore(c.mma(fragment, fragment, c.mmaFragment(0f), MMAShape.M16N8K16), out, 0, 0, 8);
  }

  private final KernelContext context = new KernelContext();
  private final SplittableRandom random = new SplittableRandom(7);

  private static TaskGraph graph(Object... toDevice) {
    return new TaskGraph("g").transferToDevice(EVERY_EXECUTION, toDevice);
  }

  private static void run(TaskGraph graph) {
    Launch.once(graph, Launch.grid(N / 8 * 32, M / 16, 32, 1));
  }

  private static void assertProduct(
      FloatArray found, double start, IntToDoubleFunction a, IntToDoubleFunction b) {
    for (int i = 0; i < M; i++) {
      for (int j = 0; j < N; j++) {
        double sum = start;
        double magnitude = Math.abs(start);
        for (int k = 0; k < K; k++) {
          double product = a.applyAsDouble(i * K + k) * b.applyAsDouble(k * N + j);
          sum += product;
          magnitude += Math.abs(product);
        }
        assertThat((double) found.get(i * N + j))
            .as("C[%d][%d]", i, j)
            .isCloseTo(sum, Offset.offset(1e-6 * magnitude));
      }
    }
  }

  private HalfFloatArray halves(int size) {
    HalfFloatArray array = new HalfFloatArray(size);
    for (int i = 0; i < size; i++) {
      array.set(i, new HalfFloat((float) random.nextDouble(-2, 2)));
    }
    return array;
  }

  private ByteArray bytes(int size, int most) {
    ByteArray array = new ByteArray(size);
    for (int i = 0; i < size; i++) {
      array.set(i, (byte) (random.nextInt(most + 1) | (random.nextBoolean() ? 0x80 : 0)));
    }
    return array;
  }

  @Test
  void fp16Product() {
    HalfFloatArray a = halves(M * K);
    HalfFloatArray b = halves(K * N);
    FloatArray out = new FloatArray(M * N);
    run(
        graph(a, b)
            .task("t", MmaTest::fp16, context, a, b, out)
            .transferToHost(EVERY_EXECUTION, out));
    assertProduct(out, 0, i -> a.get(i).getFloat32(), i -> b.get(i).getFloat32());
  }

  @Test
  void fp16ProductThroughSwizzleAndAsyncCopies() {
    HalfFloatArray a = halves(M * K);
    HalfFloatArray b = halves(K * N);
    FloatArray out = new FloatArray(M * N);
    run(
        graph(a, b)
            .task("t", MmaTest::fp16Swizzled, context, a, b, out)
            .transferToHost(EVERY_EXECUTION, out));
    assertProduct(out, 0, i -> a.get(i).getFloat32(), i -> b.get(i).getFloat32());
  }

  @Test
  void bf16Product() {
    ShortArray a = new ShortArray(M * K);
    ShortArray b = new ShortArray(K * N);
    for (int i = 0; i < a.getSize(); i++) {
      a.set(i, BFloat16.bf16FromFloat((float) random.nextDouble(-2, 2)));
    }
    for (int i = 0; i < b.getSize(); i++) {
      b.set(i, BFloat16.bf16FromFloat((float) random.nextDouble(-2e5, 2e5)));
    }
    FloatArray out = new FloatArray(M * N);
    run(
        graph(a, b)
            .task("t", MmaTest::bf16, context, a, b, out)
            .transferToHost(EVERY_EXECUTION, out));
    assertProduct(out, 0, i -> BFloat16.bf16ToFloat(a.get(i)), i -> BFloat16.bf16ToFloat(b.get(i)));
  }

  @Test
  void e4m3Product() {
    ByteArray a = bytes(M * K, 0x7E);
    ByteArray b = bytes(K * N, 0x7E);
    FloatArray out = new FloatArray(M * N);
    run(
        graph(a, b)
            .task("t", MmaTest::e4m3, context, a, b, out)
            .transferToHost(EVERY_EXECUTION, out));
    assertProduct(out, 0, i -> FP8.e4m3ToFloat(a.get(i)), i -> FP8.e4m3ToFloat(b.get(i)));
  }

  @Test
  void e5m2Product() {
    ByteArray a = bytes(M * K, 0x7B);
    ByteArray b = bytes(K * N, 0x7B);
    FloatArray out = new FloatArray(M * N);
    run(
        graph(a, b)
            .task("t", MmaTest::e5m2, context, a, b, out)
            .transferToHost(EVERY_EXECUTION, out));
    assertProduct(out, 1, i -> FP8.e5m2ToFloat(a.get(i)), i -> FP8.e5m2ToFloat(b.get(i)));
  }

  @Test
  void int8ProductIsExact() {
    ByteArray a = bytes(M * K, 0x7F);
    ByteArray b = bytes(K * N, 0x7F);
    IntArray out = new IntArray(M * N);
    run(
        graph(a, b)
            .task("t", MmaTest::int8, context, a, b, out)
            .transferToHost(EVERY_EXECUTION, out));
    for (int i = 0; i < M; i++) {
      for (int j = 0; j < N; j++) {
        int sum = 0;
        for (int k = 0; k < K; k++) {
          sum += a.get(i * K + k) * b.get(k * N + j);
        }
        assertThat(out.get(i * N + j)).as("C[%d][%d]", i, j).isEqualTo(sum);
      }
    }
  }

  @Test
  void storedProductCanBeReadBack() {
    HalfFloatArray a = halves(16 * 16);
    FloatArray out = new FloatArray(16 * 8);
    Launch.once(
        graph(a)
            .task("t", MmaTest::readBack, context, a, new FloatArray(16 * 8), out)
            .transferToHost(EVERY_EXECUTION, out),
        Launch.grid(1, 32));
    for (int i = 0; i < 16; i++) {
      double sum = 0;
      for (int k = 0; k < 16; k++) {
        sum += a.get(i * 16 + k).getFloat32();
      }
      assertThat(out.get(i * 8 + 3)).isEqualTo(2 * (float) sum);
    }
  }

  @Test
  void fragmentOfTheOtherOperandIsAnError() {
    TaskGraph graph =
        new TaskGraph("g").task("t", MmaTest::wrongFragment, context, new FloatArray(16 * 8));
    assertThatThrownBy(() -> Launch.once(graph, Launch.grid(1, 32)))
        .hasMessageContaining("mma: expected fragment B of 4 elements, found 8");
  }

  @Test
  void groupsThatAreNarrowerThanAWarpAreAnError() {
    TaskGraph graph =
        new TaskGraph("g").task("t", MmaTest::wrongFragment, context, new FloatArray(16 * 8));
    Launch.unwatched(
        () ->
            assertThatThrownBy(() -> Launch.once(graph, Launch.grid(16, 2, 16, 2)))
                .hasMessageContaining("multiple of 32, found 16"));
  }
}
