package org.foretoken.model.nn;

import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.Tile;

/**
 * y = x W^T without bias, W of shape [out, in], in the precision that the table gives.
 *
 * <p>FP8 follows DeepSeek-V3, section 3.3: fprop multiplies 1x128 activations by 128x128 weight
 * blocks, dgrad 1x128 gradients by the same weight blocks, wgrad 128x1 gradients by 128x1
 * activations; both activation quantizations are taken from the high-precision source in the
 * forward pass, and the backward pass keeps the second alone, a byte a value. An activation that
 * the tape keeps otherwise (E5M6 after attention, or computed again after SwiGLU) is quantized for
 * wgrad in the backward pass, from what the tape restores.
 *
 * <p>In BF16, wgrad reads its input rounded to BF16, so BF16 is what is kept of it: the same bits.
 */
public final class Linear {
  private record Codes(Tensor codes, Tensor scales) {}

  private record BothCodes(Codes rows, Codes columns) {}

  private record WeightKey(Tensor weight) {}

  private record RowsKey(Tensor activation) {}

  private record ColumnsKey(Tensor activation) {}

  private record BothKey(Tensor activation) {}

  private Linear() {}

  /**
   * Applies the layer.
   *
   * @param x [N, in]
   * @param weightName parameter [out, in]
   * @return y [N, out]
   */
  public static Tensor apply(Tape tape, Tensor x, String weightName, LinearPrecision precision) {
    Tensor w = tape.parameter(weightName);
    String label = weightName.replaceFirst("\\.weight$", "");
    Tensor y = tape.value(label + ".out", x.rows(), w.rows());
    switch (precision) {
      case LinearPrecision.Plain p -> plain(tape, label, p.operands(), x, w, y);
      case LinearPrecision.Fp8 p -> fp8(tape, label, p, x, w, y);
      case LinearPrecision.FakeQuantized p -> FakeLinear.apply(tape, label, p.recipe(), x, w, y);
    }
    return y;
  }

  private static void plain(
      Tape tape, String label, Precision precision, Tensor x, Tensor w, Tensor y) {
    tape.emit(label + "/fprop", new MatMul(Layout.NT, precision, false), List.of(x, w), List.of(y));
    if (precision == Precision.BF16) {
      new ActivationCache.Bf16().keep(tape, x);
    }
    tape.onBackward(
        () -> {
          Tensor dy = tape.gradient(y);
          Tensor sum = tape.accumulator(x);
          Tensor dx = sum != null ? sum : tape.value("grad." + x.name(), x.shape().dims());
          tape.emit(
              label + "/dgrad",
              new MatMul(Layout.NN, precision, sum != null),
              List.of(dy, w),
              List.of(dx));
          if (sum == null) {
            tape.addOwnedGradient(x, dx);
          }
          tape.emit(
              label + "/wgrad",
              new MatMul(Layout.TN, precision, true),
              List.of(dy, tape.restored(x)),
              List.of(tape.parameterGradient(w)));
        });
  }

  private static void fp8(
      Tape tape, String label, LinearPrecision.Fp8 precision, Tensor x, Tensor w, Tensor y) {
    boolean powerOfTwo = precision.powerOfTwoScales();
    DType e4m3 = DType.E4M3;
    Codes weight = tape.once(new WeightKey(w), () -> quantizeWeight(tape, label, powerOfTwo, w));
    boolean columnsToo = tape.recording() && !tape.keeps(x);
    BothCodes both =
        columnsToo
            ? tape.once(new BothKey(x), () -> quantizeBoth(tape, x, powerOfTwo, e4m3))
            : null;
    Codes rows =
        columnsToo ? both.rows : tape.once(new RowsKey(x), () -> quantizeRows(tape, x, powerOfTwo));
    fprop(tape, label, rows, weight, y);
    tape.onBackward(
        () -> {
          Codes columns =
              columnsToo
                  ? both.columns
                  : tape.once(
                      new ColumnsKey(x), () -> quantizeColumns(tape, tape.restored(x), powerOfTwo));
          BothCodes dy = quantizeBoth(tape, tape.gradient(y), powerOfTwo, precision.gradients());
          Tensor sum = tape.accumulator(x);
          Tensor dx = sum != null ? sum : tape.value("grad." + x.name(), x.shape().dims());
          tape.emit(
              label + "/dgrad",
              new Fp8MatMul(Layout.NN, sum != null),
              List.of(dy.rows.codes, dy.rows.scales, weight.codes, weight.scales),
              List.of(dx));
          if (sum == null) {
            tape.addOwnedGradient(x, dx);
          }
          tape.emit(
              label + "/wgrad",
              new Fp8MatMul(Layout.TN, true),
              List.of(dy.columns.codes, dy.columns.scales, columns.codes, columns.scales),
              List.of(tape.parameterGradient(w)));
        });
  }

  private static void fprop(Tape tape, String label, Codes x, Codes w, Tensor y) {
    tape.emit(
        label + "/fprop",
        new Fp8MatMul(Layout.NT, false),
        List.of(x.codes, x.scales, w.codes, w.scales),
        List.of(y));
  }

  /**
   * The weight in 128x128 blocks. In training it is quantized anew in every step, from the master
   * weight; in inference it is resident, written by {@link #quantizeResident}.
   */
  private static Codes quantizeWeight(Tape tape, String label, boolean powerOfTwo, Tensor w) {
    Role role = tape.training() ? Role.TRANSIENT : Role.STATE;
    Codes codes = declareWeightCodes(tape, w, role);
    if (tape.training()) {
      tape.emit(
          label + "/quantize",
          new Quantize(Tile.BLOCK_128X128, powerOfTwo),
          List.of(w),
          List.of(codes.codes, codes.scales));
    }
    return codes;
  }

  /** Name of the resident codes of a weight in inference graphs. */
  public static String codesName(String weight) {
    return "fp8." + weight;
  }

  /** Name of the resident scales of a weight in inference graphs. */
  public static String scalesName(String weight) {
    return codesName(weight) + "_scale_inv";
  }

  private static Codes declareWeightCodes(Tape tape, Tensor w, Role role) {
    Tile tile = Tile.BLOCK_128X128;
    return new Codes(
        tape.graph().declare(codesName(w.name()), DType.E4M3, role, w.rows(), w.columns()),
        tape.graph()
            .declare(
                scalesName(w.name()),
                DType.F32,
                role,
                tile.scaleRows(w.rows()),
                tile.scaleColumns(w.columns())));
  }

  /** Emits the quantization of one weight into the resident codes that inference graphs read. */
  public static void quantizeResident(Tape tape, String weightName, boolean powerOfTwo) {
    Tensor w = tape.parameter(weightName);
    Codes codes = declareWeightCodes(tape, w, Role.STATE);
    tape.emit(
        weightName + "/quantize",
        new Quantize(Tile.BLOCK_128X128, powerOfTwo),
        List.of(w),
        List.of(codes.codes, codes.scales));
  }

  /** Emits the decoding of the codes that {@link #quantizeResident} writes, into {@code target}. */
  static void dequantizeResident(Tape tape, String weightName, Tensor target) {
    Codes codes = declareWeightCodes(tape, tape.parameter(weightName), Role.STATE);
    tape.emit(
        weightName + "/dequantize",
        new Dequantize(Tile.BLOCK_128X128),
        List.of(codes.codes, codes.scales),
        List.of(target));
  }

  private static Codes quantizeRows(Tape tape, Tensor x, boolean powerOfTwo) {
    return quantize(tape, x, Tile.ROW_1X128, powerOfTwo, rowCodes(tape, x, DType.E4M3));
  }

  private static Codes quantizeColumns(Tape tape, Tensor x, boolean powerOfTwo) {
    return quantize(tape, x, Tile.COLUMN_128X1, powerOfTwo, columnCodes(tape, x, DType.E4M3));
  }

  private static Codes quantize(Tape tape, Tensor x, Tile tile, boolean powerOfTwo, Codes codes) {
    tape.emit(
        x.name() + "/quantize",
        new Quantize(tile, powerOfTwo),
        List.of(x),
        List.of(codes.codes, codes.scales));
    return codes;
  }

  private static BothCodes quantizeBoth(Tape tape, Tensor x, boolean powerOfTwo, DType element) {
    Codes rows = rowCodes(tape, x, element);
    Codes columns = columnCodes(tape, x, element);
    tape.emit(
        x.name() + "/quantize",
        new QuantizeBoth(powerOfTwo),
        List.of(x),
        List.of(rows.codes, rows.scales, columns.codes, columns.scales));
    return new BothCodes(rows, columns);
  }

  private static Codes rowCodes(Tape tape, Tensor x, DType element) {
    return new Codes(
        tape.value(x.name() + ".rows", element, x.rows(), x.columns()),
        tape.value(x.name() + ".row_scales", x.rows(), Tile.ROW_1X128.scaleColumns(x.columns())));
  }

  private static Codes columnCodes(Tape tape, Tensor x, DType element) {
    return new Codes(
        tape.value(x.name() + ".columns", element, x.rows(), x.columns()),
        tape.value(
            x.name() + ".column_scales", Tile.COLUMN_128X1.scaleRows(x.rows()), x.columns()));
  }
}
