package org.foretoken.bench.work;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.AdamW;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.Op;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.Tile;

/** A graph of one operation, and what its operands hold. */
final class OpGraph {
  private static final int CHECKED_ROWS = 256;
  private static final double SCORE_NORMALIZER = 5; // about log of a few hundred keys

  private final BenchOp what;
  private final int[] extents;
  private final Graph graph;
  private final Map<Tensor, Fill> fills = new LinkedHashMap<>();
  private final List<Tensor> reads = new ArrayList<>();
  private final List<Tensor> writes = new ArrayList<>();

  private OpGraph(BenchOp what, int[] extents) {
    this.what = what;
    this.extents = extents;
    graph = new Graph(what.label());
  }

  /** The graph of an operation on a shape. */
  static OpGraph of(BenchOp what, int[] extents) {
    OpGraph g = new OpGraph(what, extents);
    int m = extents[0];
    int k = extents[1];
    switch (what) {
      case QUANTIZE_1X128 -> g.quantize(Tile.ROW_1X128, m, k);
      case QUANTIZE_128X1 -> g.quantize(Tile.COLUMN_128X1, m, k);
      case QUANTIZE_128X128 -> g.quantize(Tile.BLOCK_128X128, m, k);
      case QUANTIZE_BOTH -> g.quantizeBoth(m, k);
      case DEQUANTIZE_1X128 -> g.dequantize(m, k);
      case ATTENTION -> g.attention(m, k, extents[2]);
      case ATTENTION_GRAD -> g.attentionGrad(m, k, extents[2]);
      case CROSS_ENTROPY_HEAD -> g.head(m, k, extents[2]);
      case ADAMW -> g.adamW(m, k);
      default -> throw new IllegalArgumentException("no single operation: " + what);
    }
    return g;
  }

  private Tensor read(String name, DType dtype, Fill fill, int... dims) {
    Tensor t = graph.declare(name, dtype, Role.STATE, dims);
    fills.put(t, fill);
    reads.add(t);
    return t;
  }

  private void write(String name, DType dtype, int... dims) {
    writes.add(graph.declare(name, dtype, Role.OUTPUT, dims));
  }

  private void update(String name, DType dtype, Fill fill, int... dims) {
    Tensor t = graph.declare(name, dtype, Role.STATE, dims);
    fills.put(t, fill);
    writes.add(t);
  }

  private void add(Op op) {
    graph.add(what.label(), op, reads, writes);
  }

  private void quantize(Tile tile, int m, int k) {
    read("x", DType.F32, Fill.normal(1), m, k);
    write("codes", DType.E4M3, m, k);
    write("scales", DType.F32, tile.scaleRows(m), tile.scaleColumns(k));
    add(new Quantize(tile, false));
  }

  private void quantizeBoth(int m, int k) {
    read("x", DType.F32, Fill.normal(1), m, k);
    write("rowCodes", DType.E4M3, m, k);
    write("rowScales", DType.F32, m, Tile.ROW_1X128.scaleColumns(k));
    write("columnCodes", DType.E4M3, m, k);
    write("columnScales", DType.F32, Tile.COLUMN_128X1.scaleRows(m), k);
    add(new QuantizeBoth(false));
  }

  private void dequantize(int m, int k) {
    read("codes", DType.E4M3, Fill.normal(100), m, k);
    read("scales", DType.F32, Fill.around(0.01), m, Tile.ROW_1X128.scaleColumns(k));
    write("x", DType.F32, m, k);
    add(new Dequantize(Tile.ROW_1X128));
  }

  private void attention(int t, int heads, int width) {
    for (String name : List.of("q", "k", "v")) {
      read(name, DType.F32, Fill.normal(1), t, heads * width);
    }
    read("firstRow", DType.I32, Fill.constant(0), t);
    write("o", DType.F32, t, heads * width);
    write("lse", DType.F32, t, heads);
    add(new Attention(heads, heads, width, width, scale(width)));
  }

  private void attentionGrad(int t, int heads, int width) {
    for (String name : List.of("q", "k", "v")) {
      read(name, DType.F32, Fill.normal(1), t, heads * width);
    }
    read("firstRow", DType.I32, Fill.constant(0), t);
    read("o", DType.F32, Fill.normal(1), t, heads * width);
    read("lse", DType.F32, Fill.around(SCORE_NORMALIZER), t, heads);
    read("dO", DType.F32, Fill.normal(1), t, heads * width);
    for (String name : List.of("dq", "dk", "dv")) {
      write(name, DType.F32, t, heads * width);
    }
    add(new AttentionGrad(heads, heads, width, width, scale(width)));
  }

  private static float scale(int width) {
    return (float) (1 / Math.sqrt(width));
  }

  private void head(int n, int v, int e) {
    read("hidden", DType.F32, Fill.normal(1), n, e);
    read("weight", DType.F32, Fill.normal(0.1), v, e);
    read("targets", DType.I32, Fill.integers(v), n);
    read("coefficient", DType.F32, Fill.constant(1), 1);
    write("stats", DType.F32, 4);
    write("dHidden", DType.F32, n, e);
    update("dWeight", DType.F32, Fill.constant(0), v, e);
    add(new CrossEntropyHead(Precision.F32));
  }

  private void adamW(int m, int k) {
    read("grad", DType.F32, Fill.normal(0.01), m, k);
    read("hyper", DType.F32, Fill.constant(1e-3), 8); // any valid eight numbers cost the same
    read("sumSquares", DType.F32, Fill.constant(1), 1);
    update("param", DType.F32, Fill.normal(1), m, k);
    update("m", DType.F32, Fill.normal(0.01), m, k);
    update("v", DType.F32, Fill.around(1e-4), m, k);
    add(new AdamW(true));
  }

  Graph graph() {
    return graph;
  }

  Node node() {
    return graph.nodes().getFirst();
  }

  /** Fills all operands that the operation reads or updates. */
  void upload(Backend backend) {
    fills.forEach((tensor, fill) -> fill.upload(backend, tensor));
  }

  /** The same shape with few rows. */
  int[] checkedExtents() {
    int[] few = extents.clone();
    few[0] = Math.min(few[0], CHECKED_ROWS);
    if (what == BenchOp.CROSS_ENTROPY_HEAD) {
      few[1] = Math.min(few[1], 1024);
    }
    return few;
  }

  /** Outputs whose first rows depend on the first rows of the operands alone. */
  Set<String> rowwise() {
    return switch (what) {
      case ATTENTION_GRAD -> Set.of("dq");
      case CROSS_ENTROPY_HEAD -> Set.of();
      default ->
          node().writes().stream()
              .map(Tensor::name)
              .collect(java.util.stream.Collectors.toUnmodifiableSet());
    };
  }

  /** Whether the operation changes what it reads. */
  boolean updates() {
    return node().writes().stream().anyMatch(fills::containsKey);
  }

  /** Whether it moves bytes rather than computes. */
  boolean boundByMemory() {
    return switch (what) {
      case ATTENTION, ATTENTION_GRAD, CROSS_ENTROPY_HEAD -> false;
      default -> true;
    };
  }
}
