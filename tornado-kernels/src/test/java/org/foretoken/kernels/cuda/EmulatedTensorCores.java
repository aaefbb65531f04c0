package org.foretoken.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.fp8.E4M3;
import org.foretoken.kernels.op.Layout;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryInvocation;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoLibraryProvider;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoNativeStreamSupport;

/**
 * The tasks of {@link TensorCoreLibrary} on the emulator, as NVIDIA documents cuBLASLt's block
 * scales ("128-element 1D and 128x128 2D Block Scaling For FP8 Data Types"): what the tasks around
 * the library hand to it is checked against that text, not against the code that lays it out.
 */
public final class EmulatedTensorCores implements TornadoLibraryProvider {
  /** Functions called since a test cleared it. */
  public static final List<String> CALLS = new ArrayList<>();

  private record Context() implements LibraryContext {}

  /** Address of a scale: row or column of the result, and block along the inner dimension. */
  @FunctionalInterface
  private interface ScaleIndex {
    long of(int outer, int block);
  }

  @Override
  public String libraryName() {
    return TensorCoreLibrary.NAME;
  }

  @Override
  public boolean canHandle(TornadoXPUDevice device) {
    return !(device instanceof TornadoNativeStreamSupport);
  }

  @Override
  public LibraryContext createContext(TornadoXPUDevice device, long executionPlanId) {
    return new Context();
  }

  @Override
  public void destroyContext(LibraryContext context) {}

  @Override
  public void dispatch(String function, LibraryInvocation call) {
    CALLS.add(function);
    if (function.equals(TensorCoreLibrary.BF16)) {
      bf16(call);
      return;
    }
    int m = (int) call.getArg(5);
    int n = (int) call.getArg(6);
    int k = (int) call.getArg(7);
    int blocks = (k + 127) / 128;
    int padded = (blocks + 3) / 4 * 4;
    ScaleIndex tileA = (row, block) -> (long) block * m + row;
    switch (function) {
      case TensorCoreLibrary.FP8_TILE_BLOCK ->
          fp8(call, tileA, (column, block) -> (long) (column / 128) * padded + block);
      case TensorCoreLibrary.FP8_TILE_TILE, TensorCoreLibrary.WGMMA_FP8_TILES ->
          fp8(call, tileA, (column, block) -> (long) block * n + column);
      case TensorCoreLibrary.WGMMA_FP8 ->
          fp8(
              call,
              (row, block) -> (long) row * blocks + block,
              (column, block) -> (long) (column / 128) * blocks + block);
      default -> throw new IllegalArgumentException(function);
    }
  }

  private static void fp8(LibraryInvocation call, ScaleIndex aIndex, ScaleIndex bIndex) {
    int m = (int) call.getArg(5);
    int n = (int) call.getArg(6);
    int k = (int) call.getArg(7);
    boolean accumulate = (int) call.getArg(8) == 1;
    MemorySegment a = memory(call, 0);
    MemorySegment aScales = memory(call, 1);
    MemorySegment b = memory(call, 2);
    MemorySegment bScales = memory(call, 3);
    MemorySegment c = memory(call, 4);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = accumulate ? c.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * n + j) : 0;
        for (int l = 0; l < k; l++) {
          double scale =
              (double) aScales.getAtIndex(ValueLayout.JAVA_FLOAT, aIndex.of(i, l / 128))
                  * bScales.getAtIndex(ValueLayout.JAVA_FLOAT, bIndex.of(j, l / 128));
          sum +=
              scale
                  * E4M3.decode(a.get(ValueLayout.JAVA_BYTE, (long) i * k + l))
                  * E4M3.decode(b.get(ValueLayout.JAVA_BYTE, (long) j * k + l));
        }
        c.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * n + j, (float) sum);
      }
    }
  }

  private static void bf16(LibraryInvocation call) {
    int m = (int) call.getArg(3);
    int n = (int) call.getArg(4);
    int k = (int) call.getArg(5);
    Layout layout = Layout.values()[(int) call.getArg(9)];
    long aDown = layout == Layout.TN ? 1 : k;
    long aAcross = layout == Layout.TN ? m : 1;
    long bDown = layout == Layout.NT ? 1 : n;
    long bAcross = layout == Layout.NT ? k : 1;
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        long at = (int) call.getArg(8) + (long) i * n + j;
        MemorySegment c = memory(call, 2);
        double sum = (int) call.getArg(10) == 1 ? c.getAtIndex(ValueLayout.JAVA_FLOAT, at) : 0;
        for (int l = 0; l < k; l++) {
          sum +=
              bf16(memory(call, 0), (int) call.getArg(6) + i * aDown + l * aAcross)
                  * bf16(memory(call, 1), (int) call.getArg(7) + l * bDown + j * bAcross);
        }
        c.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) sum);
      }
    }
  }

  private static double bf16(MemorySegment x, long index) {
    return Float.intBitsToFloat(x.getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
  }

  private static MemorySegment memory(LibraryInvocation call, int argument) {
    return MemorySegment.ofAddress(call.getDevicePointer(argument)).reinterpret(Long.MAX_VALUE);
  }
}
