package org.foretoken.bench.work;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.foretoken.bench.measure.CheckFailure;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.bench.suite.Pass;
import org.foretoken.bench.suite.Peer;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Elements;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Op;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Tile;
import org.foretoken.kernels.reference.OperationTolerance;
import org.foretoken.kernels.reference.TensorError;

/**
 * One product of a linear layer y[m, n] = x[m, k] w[n, k]^T: fprop, dgrad or wgrad.
 *
 * <p>Operands are resident and packed anew on every call; only a weight that at most 16 rows are
 * multiplied by is kept packed, as in decoding. The check compares rows of the result, the first
 * and the last among them, with the sums in double precision of what the operands stand for.
 */
final class GemmWork implements Workload {
  private static final int CHECKED_ROWS = 4;

  private final SuiteCase benchCase;
  private final Places place;
  private final Arena arena = Arena.ofShared();
  private final Layout layout;
  private final int rows; // of the result
  private final int columns; // of the result
  private final int inner;
  private final MemorySegment left; // F32, what the left operand stands for
  private final MemorySegment right;
  private final Tensor result;
  private final OperationTolerance allowed;
  private final Executable executable;
  private final double[][] expected; // of the checked rows

  GemmWork(SuiteCase benchCase) {
    this.benchCase = benchCase;
    Pass pass = benchCase.pass().orElseThrow();
    int[] mnk = benchCase.extents();
    layout = layout(pass);
    rows = pass == Pass.WGRAD ? mnk[1] : mnk[0];
    columns = pass == Pass.FPROP ? mnk[1] : mnk[2];
    inner = pass == Pass.FPROP ? mnk[2] : pass == Pass.DGRAD ? mnk[1] : mnk[0];
    place = Places.open(benchCase);
    try {
      Graph graph = new Graph(benchCase.variant());
      Tensor a = operand(graph, "a", leftRows(), leftColumns());
      Tensor b = operand(graph, "b", rightRows(), rightColumns());
      result = graph.declare("c", DType.F32, Role.OUTPUT, rows, columns);
      graph.add("product", op(), reads(graph, a, b), List.of(result));
      allowed = OperationTolerance.of(graph.nodes().getFirst(), result, place.backend());
      executable = place.backend().compile(graph);
      left = load(graph, a, layout == Layout.TN ? Tile.COLUMN_128X1 : Tile.ROW_1X128);
      right = load(graph, b, layout == Layout.TN ? Tile.COLUMN_128X1 : Tile.BLOCK_128X128);
      expected = expectedRows();
    } catch (RuntimeException | OutOfMemoryError e) {
      close();
      throw e;
    }
  }

  private static Layout layout(Pass pass) {
    return switch (pass) {
      case FPROP -> Layout.NT;
      case DGRAD -> Layout.NN;
      case WGRAD -> Layout.TN;
    };
  }

  private boolean fp8() {
    return benchCase.op() == BenchOp.FP8_GEMM;
  }

  private boolean bf16() {
    return benchCase.op() == BenchOp.BF16_GEMM;
  }

  private int leftRows() {
    return layout == Layout.TN ? inner : rows;
  }

  private int leftColumns() {
    return layout == Layout.TN ? rows : inner;
  }

  private int rightRows() {
    return layout == Layout.NT ? columns : inner;
  }

  private int rightColumns() {
    return layout == Layout.NT ? inner : columns;
  }

  private Op op() {
    return fp8()
        ? new Fp8MatMul(layout, false)
        : new MatMul(layout, bf16() ? Precision.BF16 : Precision.F32, false);
  }

  private Tensor operand(Graph graph, String name, int operandRows, int operandColumns) {
    return graph.declare(
        name, fp8() ? DType.E4M3 : DType.F32, Role.PARAMETER, operandRows, operandColumns);
  }

  private List<Tensor> reads(Graph graph, Tensor a, Tensor b) {
    if (!fp8()) {
      return List.of(a, b);
    }
    Tile leftTile = layout == Layout.TN ? Tile.COLUMN_128X1 : Tile.ROW_1X128;
    Tile rightTile = layout == Layout.TN ? Tile.COLUMN_128X1 : Tile.BLOCK_128X128;
    return List.of(a, scales(graph, a, leftTile), b, scales(graph, b, rightTile));
  }

  private static Tensor scales(Graph graph, Tensor codes, Tile tile) {
    return graph.declare(
        codes.name() + ".scales",
        DType.F32,
        Role.PARAMETER,
        tile.scaleRows(codes.rows()),
        tile.scaleColumns(codes.columns()));
  }

  /** Fills an operand on the device; returns the numbers that it stands for. */
  private MemorySegment load(Graph graph, Tensor operand, Tile tile) {
    MemorySegment stored = arena.allocate(operand.bytes(), 64);
    Fill.normal(fp8() ? 100 : 1).fill(operand, stored);
    place.backend().upload(operand.name(), stored);
    if (!fp8()) {
      return stored;
    }
    Tensor scale = graph.tensor(operand.name() + ".scales");
    MemorySegment scales = arena.allocate(scale.bytes(), 64);
    Fill.around(0.01).fill(scale, scales);
    place.backend().upload(scale.name(), scales);
    return dequantized(operand, stored, scale, scales, tile);
  }

  private MemorySegment dequantized(
      Tensor codes, MemorySegment stored, Tensor scale, MemorySegment scales, Tile tile) {
    MemorySegment values = arena.allocate(4 * codes.shape().elements(), 64);
    int down = tile == Tile.ROW_1X128 ? 1 : Tile.SIZE;
    int across = tile == Tile.COLUMN_128X1 ? 1 : Tile.SIZE;
    for (int i = 0; i < codes.rows(); i++) {
      for (int j = 0; j < codes.columns(); j++) {
        long at = (long) i * codes.columns() + j;
        long group = (long) (i / down) * scale.columns() + j / across;
        float s = scales.getAtIndex(ValueLayout.JAVA_FLOAT, group);
        float x = (float) Elements.get(DType.E4M3, stored, at) * s;
        values.setAtIndex(ValueLayout.JAVA_FLOAT, at, x);
      }
    }
    return values;
  }

  private int checkedRow(int i) {
    return (int) ((long) i * (rows - 1) / Math.max(1, CHECKED_ROWS - 1));
  }

  private double[][] expectedRows() {
    double[][] sums = new double[CHECKED_ROWS][columns];
    for (int r = 0; r < CHECKED_ROWS; r++) {
      int i = checkedRow(r);
      for (int k = 0; k < inner; k++) {
        double a = value(left, layout == Layout.TN ? (long) k * rows + i : (long) i * inner + k);
        for (int j = 0; j < columns && layout != Layout.NT; j++) {
          sums[r][j] += a * value(right, (long) k * columns + j);
        }
      }
      for (int j = 0; j < columns && layout == Layout.NT; j++) {
        double sum = 0;
        for (int k = 0; k < inner; k++) {
          sum += value(left, (long) i * inner + k) * value(right, (long) j * inner + k);
        }
        sums[r][j] = sum;
      }
    }
    return sums;
  }

  private double value(MemorySegment operand, long index) {
    float x = operand.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    return bf16() ? Bf16.decode(Bf16.encode(x)) : x;
  }

  @Override
  public void check() {
    executable.run();
    MemorySegment found = arena.allocate(result.bytes(), 64);
    place.backend().download(result.name(), found);
    compare("ours", found, allowed);
  }

  /** Holds the checked rows of a result to the sums in double precision. */
  private void compare(String whose, MemorySegment found, OperationTolerance tolerance) {
    for (int r = 0; r < CHECKED_ROWS; r++) {
      double[] row = new double[columns];
      for (int j = 0; j < columns; j++) {
        row[j] = found.getAtIndex(ValueLayout.JAVA_FLOAT, (long) checkedRow(r) * columns + j);
      }
      TensorError error = TensorError.between(expected[r], row);
      if (!tolerance.allows(error)) {
        throw new CheckFailure(
            whose
                + ", row "
                + checkedRow(r)
                + ": expected the double-precision product within "
                + tolerance
                + ", found "
                + error);
      }
    }
  }

  @Override
  public Side ours() {
    return Side.of(executable::run);
  }

  @Override
  public Side peer(Peer peer) {
    return GemmPeers.open(peer, this);
  }

  SuiteCase benchCase() {
    return benchCase;
  }

  Layout layout() {
    return layout;
  }

  MemorySegment left() {
    return left;
  }

  MemorySegment right() {
    return right;
  }

  /** Extents of c[m, n] and of the sum, in the letters of {@link Layout}. */
  int[] extents() {
    return new int[] {rows, columns, inner};
  }

  Arena arena() {
    return arena;
  }

  int threads() {
    return place.pool().threads();
  }

  /** Holds a peer's FP32 result to the sums in double precision. */
  void checkPeer(Peer peer, MemorySegment found) {
    boolean rounded = peer == Peer.LIBTORCH_BF16 || bf16();
    compare(
        peer.label(),
        found,
        rounded ? new OperationTolerance(1e-3, 5e-2) : new OperationTolerance(1e-8, 1e-3));
  }

  @Override
  public double flop() {
    return 2.0 * rows * columns * inner;
  }

  @Override
  public double bytes() {
    return 0;
  }

  @Override
  public void close() {
    place.close();
    arena.close();
  }
}
