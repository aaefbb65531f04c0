package org.foretoken.fp8;

/**
 * value = decode(code) * scale, one FP32 product an element; what every fast dequantizer is held
 * to.
 */
public final class DequantizerReference {
  private DequantizerReference() {}

  /** The values of {@code tensor}, [rows, columns] row-major. */
  public static float[] dequantize(Fp8Tensor tensor) {
    float[] values = new float[tensor.rows() * tensor.columns()];
    for (int row = 0; row < tensor.rows(); row++) {
      for (int column = 0; column < tensor.columns(); column++) {
        values[row * tensor.columns() + column] = tensor.value(row, column);
      }
    }
    return values;
  }
}
