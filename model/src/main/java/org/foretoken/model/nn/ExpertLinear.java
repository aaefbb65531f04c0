package org.foretoken.model.nn;

import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeExperts;
import org.foretoken.kernels.op.QuantizeSegments;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;

/**
 * {@link Linear} for rows grouped by expert: row r of y is x[r] times the transposed matrix of r's
 * expert, one of a stack [experts, out, in]. In FP8 blocks of weights and tiles of rows start anew
 * with each expert, so an expert's part is that of a linear layer of its own.
 */
public final class ExpertLinear {
  private record Codes(Tensor codes, Tensor scales) {}

  private record BothCodes(Codes rows, Codes columns) {}

  private record WeightKey(Tensor weight) {}

  private record RowsKey(Tensor activation) {}

  private record ColumnsKey(Tensor activation) {}

  private record BothKey(Tensor activation) {}

  private ExpertLinear() {}

  /**
   * Applies the layer.
   *
   * @param x rows grouped by expert [R, in]
   * @param segments which rows are whose, I32 [experts, 3]
   * @param weightName stack of parameters [experts, out, in]
   * @return y [R, out]
   */
  public static Tensor apply(
      Tape tape, Tensor x, Tensor segments, String weightName, LinearPrecision precision) {
    Tensor w = tape.parameter(weightName);
    String label = weightName.replaceFirst("\\.weight$", "");
    Tensor y = tape.value(label + ".out", x.rows(), w.shape().dim(1));
    switch (precision) {
      case LinearPrecision.Plain p -> plain(tape, label, p.operands(), x, segments, w, y);
      case LinearPrecision.Fp8 p -> fp8(tape, label, p, x, segments, w, y);
      case LinearPrecision.FakeQuantized p ->
          throw new IllegalArgumentException(
              "recipe '" + p.recipe().name() + "': experts have no simulated FP8 products");
    }
    return y;
  }

  private static void plain(
      Tape tape, String label, Precision precision, Tensor x, Tensor segments, Tensor w, Tensor y) {
    tape.emit(
        label + "/fprop",
        new ExpertMatMul(Layout.NT, precision, false),
        List.of(x, w, segments),
        List.of(y));
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
              new ExpertMatMul(Layout.NN, precision, sum != null),
              List.of(dy, w, segments),
              List.of(dx));
          if (sum == null) {
            tape.addOwnedGradient(x, dx);
          }
          tape.emit(
              label + "/wgrad",
              new ExpertMatMul(Layout.TN, precision, true),
              List.of(dy, tape.restored(x), segments),
              List.of(tape.parameterGradient(w)));
        });
  }

  private static void fp8(
      Tape tape,
      String label,
      LinearPrecision.Fp8 precision,
      Tensor x,
      Tensor segments,
      Tensor w,
      Tensor y) {
    boolean powerOfTwo = precision.powerOfTwoScales();
    DType e4m3 = DType.E4M3;
    Codes weight = tape.once(new WeightKey(w), () -> quantizeWeight(tape, label, powerOfTwo, w));
    boolean columnsToo = tape.recording() && !tape.keeps(x);
    BothCodes both =
        columnsToo
            ? tape.once(new BothKey(x), () -> quantizeBoth(tape, x, segments, powerOfTwo, e4m3))
            : null;
    Codes rows =
        columnsToo ? both.rows : tape.once(new RowsKey(x), () -> quantizeRows(tape, x, powerOfTwo));
    fprop(tape, label, rows, weight, segments, y);
    tape.onBackward(
        () -> {
          Codes columns =
              columnsToo
                  ? both.columns
                  : tape.once(
                      new ColumnsKey(x),
                      () ->
                          quantizeBoth(tape, tape.restored(x), segments, powerOfTwo, e4m3).columns);
          BothCodes dy =
              quantizeBoth(tape, tape.gradient(y), segments, powerOfTwo, precision.gradients());
          Tensor sum = tape.accumulator(x);
          Tensor dx = sum != null ? sum : tape.value("grad." + x.name(), x.shape().dims());
          tape.emit(
              label + "/dgrad",
              new ExpertFp8MatMul(Layout.NN, sum != null),
              List.of(dy.rows.codes, dy.rows.scales, weight.codes, weight.scales, segments),
              List.of(dx));
          if (sum == null) {
            tape.addOwnedGradient(x, dx);
          }
          tape.emit(
              label + "/wgrad",
              new ExpertFp8MatMul(Layout.TN, true),
              List.of(dy.columns.codes, dy.columns.scales, columns.codes, columns.scales, segments),
              List.of(tape.parameterGradient(w)));
        });
  }

  private static void fprop(Tape tape, String label, Codes x, Codes w, Tensor segments, Tensor y) {
    tape.emit(
        label + "/fprop",
        new ExpertFp8MatMul(Layout.NT, false),
        List.of(x.codes, x.scales, w.codes, w.scales, segments),
        List.of(y));
  }

  private static Codes quantizeWeight(Tape tape, String label, boolean powerOfTwo, Tensor w) {
    Codes codes = declareCodes(tape, w, tape.training() ? Role.TRANSIENT : Role.STATE);
    if (tape.training()) {
      emitQuantize(tape, label, powerOfTwo, w, codes);
    }
    return codes;
  }

  /** Emits the quantization of one stack into the resident codes that inference graphs read. */
  static void quantizeResident(Tape tape, String weightName, boolean powerOfTwo) {
    Tensor w = tape.parameter(weightName);
    emitQuantize(tape, weightName, powerOfTwo, w, declareCodes(tape, w, Role.STATE));
  }

  private static void emitQuantize(
      Tape tape, String label, boolean powerOfTwo, Tensor w, Codes codes) {
    tape.emit(
        label + "/quantize",
        new QuantizeExperts(powerOfTwo),
        List.of(w),
        List.of(codes.codes, codes.scales));
  }

  private static Codes declareCodes(Tape tape, Tensor w, Role role) {
    String name = "fp8." + w.name();
    int[] dims = w.shape().dims();
    int blockRows = Math.ceilDiv(dims[1], Tile.SIZE);
    int blockColumns = Math.ceilDiv(dims[2], Tile.SIZE);
    return new Codes(
        tape.graph().declare(name, DType.E4M3, role, dims),
        tape.graph()
            .declare(name + "_scale_inv", DType.F32, role, dims[0], blockRows, blockColumns));
  }

  private static Codes rowCodes(Tape tape, Tensor x, DType dtype) {
    return new Codes(
        tape.value(x.name() + ".rows", dtype, x.rows(), x.columns()),
        tape.value(x.name() + ".row_scales", x.rows(), Tile.ROW_1X128.scaleColumns(x.columns())));
  }

  private static Codes quantizeRows(Tape tape, Tensor x, boolean powerOfTwo) {
    Codes codes = rowCodes(tape, x, DType.E4M3);
    tape.emit(
        x.name() + "/quantize",
        new Quantize(Tile.ROW_1X128, powerOfTwo),
        List.of(x),
        List.of(codes.codes, codes.scales));
    return codes;
  }

  private static BothCodes quantizeBoth(
      Tape tape, Tensor x, Tensor segments, boolean powerOfTwo, DType dtype) {
    Codes rows = rowCodes(tape, x, dtype);
    int tiles = Segments.mostTiles(x.rows(), segments.rows());
    Codes columns =
        new Codes(
            tape.value(x.name() + ".columns", dtype, x.rows(), x.columns()),
            tape.value(x.name() + ".column_scales", tiles, x.columns()));
    tape.emit(
        x.name() + "/quantize",
        new QuantizeSegments(powerOfTwo),
        List.of(x, segments),
        List.of(rows.codes, rows.scales, columns.codes, columns.scales));
    return new BothCodes(rows, columns);
  }
}
