package org.foretoken.kernels.reference;

import org.foretoken.fp8.DequantizerReference;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Fp8Tensor;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.QuantizerReference;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.FakeQuantize;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.Tile;

/** Codes and scales (DeepSeek-V3, section 3.3.2). */
final class Quantizing {
  private Quantizing() {}

  /** scale = amax / max(format) of each group, in FP32; code = RNE(x / scale), in FP32. */
  static void quantize(Quantize op, Operands operands) {
    quantize(operands, op.tile(), op.powerOfTwo(), 0);
  }

  /** The same x in 1x128 groups (operands 0 and 1) and in 128x1 groups (2 and 3). */
  static void quantizeBoth(QuantizeBoth op, Operands operands) {
    quantize(operands, Tile.ROW_1X128, op.powerOfTwo(), 0);
    quantize(operands, Tile.COLUMN_128X1, op.powerOfTwo(), 2);
  }

  private static void quantize(Operands operands, Tile tile, boolean powerOfTwo, int out) {
    quantize(
        operands,
        operands.in(0),
        tile,
        powerOfTwo,
        operands.node().out(out).dtype(),
        operands.out(out),
        operands.vectorOut(out + 1));
  }

  /** Codes and scales of {@code x}, which is the node's first operand or a part of it. */
  static void quantize(
      Operands operands,
      Matrix x,
      Tile tile,
      boolean powerOfTwo,
      DType dtype,
      Matrix codes,
      double[] scales) {
    float[] rounded = new float[x.values().length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (float) x.values()[i];
    }
    Fp8Tensor quantized =
        QuantizerReference.quantize(
            operands.node().in(0).name(),
            rounded,
            x.rows(),
            x.columns(),
            recipe(tile, powerOfTwo, format(dtype)));
    for (int i = 0; i < codes.rows(); i++) {
      for (int j = 0; j < codes.columns(); j++) {
        codes.set(i, j, quantized.decoded(i, j));
      }
    }
    for (int group = 0; group < scales.length; group++) {
      scales[group] = quantized.scales()[group];
    }
  }

  /** y = the values that the codes and scales of x stand for. */
  static void fakeQuantize(FakeQuantize op, Operands operands) {
    Matrix x = operands.in(0);
    float[] values = new float[x.values().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) x.values()[i];
    }
    Fp8Tensor quantized =
        QuantizerReference.quantize(
            operands.node().in(0).name(), values, x.rows(), x.columns(), op.recipe());
    float[] found = DequantizerReference.dequantize(quantized);
    double[] y = operands.vectorOut(0);
    for (int i = 0; i < found.length; i++) {
      y[i] = found[i];
    }
  }

  /** The recipe of fp8 that a tile, a scale rule and a format make. */
  private static QuantizationRecipe recipe(Tile tile, boolean powerOfTwo, Format element) {
    QuantizationRecipe recipe =
        powerOfTwo ? QuantizationRecipes.BLOCK_128X128_POW2 : QuantizationRecipes.BLOCK_128X128;
    Granularity granularity =
        switch (tile) {
          case ROW_1X128 -> Granularity.TILE_1X128;
          case COLUMN_128X1 -> Granularity.TILE_128X1;
          case BLOCK_128X128 -> Granularity.BLOCK_128X128;
        };
    return recipe.withGranularity(granularity).withElement(element);
  }

  private static Format format(DType dtype) {
    return switch (dtype) {
      case E4M3 -> Formats.E4M3;
      case E5M2 -> Formats.E5M2;
      case E5M6 -> Formats.E5M6;
      case F32, BF16, I32 -> throw new IllegalArgumentException("codes of type " + dtype);
    };
  }

  /** x = code * scale of its group. */
  static void dequantize(Dequantize op, Operands operands) {
    Matrix x = scaled(operands.in(0), operands.in(1), op.tile());
    System.arraycopy(x.values(), 0, operands.vectorOut(0), 0, x.values().length);
  }

  /** The values that {@code codes} and {@code scales} stand for. */
  static Matrix scaled(Matrix codes, Matrix scales, Tile tile) {
    Matrix x = Matrix.zeros(codes.rows(), codes.columns());
    for (int i = 0; i < x.rows(); i++) {
      for (int j = 0; j < x.columns(); j++) {
        int scaleRow = tile == Tile.ROW_1X128 ? i : i / Tile.SIZE;
        int scaleColumn = tile == Tile.COLUMN_128X1 ? j : j / Tile.SIZE;
        x.set(i, j, codes.at(i, j) * scales.at(scaleRow, scaleColumn));
      }
    }
    return x;
  }
}
