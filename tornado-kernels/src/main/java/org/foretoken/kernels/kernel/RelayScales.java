package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[i,j] = x[i,j] between two ways to lay out a matrix of scales. */
public final class RelayScales {
  private RelayScales() {}

  /**
   * One work item a scale. The strides say where element (i, j) lies: x may be read transposed, and
   * y's rows may be longer than their contents.
   *
   * @param x F32, element (i, j) at i * xDown + j * xAcross
   * @param y F32, element (i, j) at i * yDown + j, written
   */
  public static void relayScales(
      FloatArray x, FloatArray y, int rows, int columns, int xDown, int xAcross, int yDown) {
    for (@Parallel int i = 0; i < rows; i++) {
      for (@Parallel int j = 0; j < columns; j++) {
        y.set(i * yDown + j, x.get(i * xDown + j * xAcross));
      }
    }
  }
}
