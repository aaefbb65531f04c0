package org.foretoken.emulator;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels that run in Java and not, or not the same, on a device; and one that is clean. */
final class DoubtfulKernels {
  private static final int[] TABLE = {1, 2, 3};
  private static final int MASK = 0xFF;

  private DoubtfulKernels() {}

  static void clean(KernelContext c, ByteArray in, FloatArray out, int rows, int columns) {
    float[] tile = c.allocateFloatLocalArray(64);
    int l = c.localIdx;
    int row = c.globalIdx / 8;
    int[] counts = new int[4];
    float sum = 0f;
    for (int i = l; i < rows * columns; i += 64) {
      int bits = in.get(i) & MASK;
      counts[i / 16 % 4]++;
      sum += TornadoMath.floor(bits >> 3 & 7) + counts[0];
    }
    tile[l] = sum > 2f ? sum : 0f;
    c.localBarrier();
    if (l < 32) {
      out.set(row, tile[l] + tile[l + 32]);
    }
  }

  static void unsignedShift(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, x.get(i) >>> 3);
    }
  }

  static void signedDivision(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, x.get(i) / 8);
    }
  }

  static void byteParameter(byte[] bytes, IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, bytes[i]);
    }
  }

  static void bitCast(FloatArray f, IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, Float.floatToRawIntBits(f.get(i)));
    }
  }

  static void mathematics(FloatArray f, IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      f.set(i, (float) Math.rint(f.get(i)) + Math.round(f.get(i)) + (float) Math.floor(f.get(i)));
      x.set(i, Math.abs(x.get(i)));
    }
  }

  static void staticArray(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, TABLE[i % 3]);
    }
  }

  static void throwing(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      if (x.get(i) < 0) {
        throw new IllegalArgumentException();
      }
      x.set(i, 1);
    }
  }

  static void recursive(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, factorial(i));
    }
  }

  private static int factorial(int n) {
    int result = 1;
    if (n > 1) {
      result = n * factorial(n - 1);
    }
    return result;
  }

  static void earlyReturn(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, firstSquareAbove(x.get(i)));
    }
  }

  private static int firstSquareAbove(int n) {
    for (int i = 0; i < 100; i++) {
      if (i * i > n) {
        return i;
      }
    }
    return -1;
  }

  static void loopsInArms(IntArray x, FloatArray f) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      int n = x.get(i);
      float power = 1f;
      if (n > 0) {
        for (int j = 0; j < n; j++) {
          power *= 2f;
        }
      } else {
        for (int j = n; j < 0; j++) {
          power *= 0.5f;
        }
      }
      f.set(i, power);
    }
  }

  static void strided(IntArray x) {
    for (@Parallel int i = 1; i < x.getSize(); i += 3) {
      x.set(i, 1);
    }
  }

  static void max(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, 1);
    }
  }

  static void kernel(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, 1);
    }
  }

  static void flag(IntArray x, boolean on) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, on ? 1 : 0);
    }
  }

  static void variableShape(KernelContext c, FloatArray out, int which) {
    int[] tile = c.allocateIntLocalArray(128);
    HalfFloat[] a = c.mmaLoadA(tile, 16);
    HalfFloat[] b = c.mmaLoadB(tile, 16);
    MMAShape shape = which == 0 ? MMAShape.M16N8K16 : MMAShape.valueOf("M16N8K32");
    c.mmaStore(c.mma(a, b, c.mmaFragment(0f), shape), out, 0, 0, 8);
  }

  static void fragmentElement(KernelContext c, FloatArray out) {
    int[] tile = c.allocateIntLocalArray(128);
    HalfFloat[] a = c.mmaLoadA(tile, 16);
    HalfFloat[] b = c.mmaLoadB(tile, 16);
    float[] sum = c.mma(a, b, c.mmaFragment(0f), MMAShape.M16N8K16);
    out.set(c.globalIdx, sum[0]);
  }

  static void variableWait(KernelContext c, IntArray x) {
    c.asyncCopyWaitGroup(x.get(0));
  }

  static void dynamicArray(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      int[] scratch = new int[x.get(i)];
      x.set(i, scratch[0]);
    }
  }

  static void objects(IntArray x) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      x.set(i, new StringBuilder().append(i).length());
    }
  }

  static void remainder(FloatArray f) {
    for (@Parallel int i = 0; i < f.getSize(); i++) {
      f.set(i, f.get(i) % 1.5f);
    }
  }

  static void warpSum(KernelContext c, FloatArray f) {
    f.set(c.globalIdx, c.simdSum(f.get(c.globalIdx)));
  }

  static void arrayToHelper(KernelContext c, FloatArray f) {
    float[] scratch = c.allocateFloatLocalArray(128);
    f.set(c.globalIdx, first(c, scratch, f.get(c.globalIdx)));
  }

  private static float first(KernelContext c, float[] scratch, float value) {
    scratch[c.localIdx] = value;
    c.localBarrier();
    return scratch[0];
  }
}
