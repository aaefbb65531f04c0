package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** (u, v) becomes (u cos a - v sin a, u sin a + v cos a), a = positions[r] * theta^(-2j/rotary). */
public final class RopeRotate {
  private static final double TURN = 6.283185307179586;
  private static final double TURNS = 0.15915494309189535;

  /** More than any head has pairs of columns. */
  private static final int PAIRS = 0xFFFFFF;

  private RopeRotate() {}

  /**
   * One work item an element. Pairs are adjacent columns among the last rotaryDim of each head. The
   * angle is a double, reduced to half a turn before its cosine is taken in FP32: at position
   * 100,000 an FP32 angle would be off by 0.004.
   *
   * @param x F32 [rows, columns], row-major, columns = heads * headDim
   * @param positions I32 [rows], not negative
   * @param frequencies F32 [2, rotaryDim / 2]: theta^(-2j/rotaryDim) and what its rounding left
   * @param y F32 [rows, columns], row-major, written
   * @param sign 1, or -1 to rotate backwards
   */
  public static void ropeRotate(
      FloatArray x,
      IntArray positions,
      FloatArray frequencies,
      FloatArray y,
      int rows,
      int columns,
      int headDim,
      int rotaryDim,
      int sign) {
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        int d = c % headDim - (headDim - rotaryDim);
        float result = x.get(r * columns + c);
        if (d >= 0) {
          int j = (d >> 1) & PAIRS; // d / 2, which is a shift that may not be told the sign of d
          double frequency =
              (double) frequencies.get(j) + (double) frequencies.get(rotaryDim / 2 + j);
          double angle = positions.get(r) * frequency;
          int turns = (int) (angle * TURNS + 0.5);
          float a = (float) (angle - turns * TURN);
          float cos = TornadoMath.cos(a);
          float sin = TornadoMath.sin(a) * sign;
          float u = x.get(r * columns + c - d % 2);
          float v = x.get(r * columns + c - d % 2 + 1);
          result = d % 2 == 0 ? u * cos - v * sin : u * sin + v * cos;
        }
        y.set(r * columns + c, result);
      }
    }
  }
}
