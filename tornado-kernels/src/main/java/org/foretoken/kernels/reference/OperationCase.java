package org.foretoken.kernels.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Op;

/**
 * A graph of one node on seeded operands: equal on every device and in every run. All its tensors
 * are resident and carry the case's name, so that many cases can share one backend. Where a device
 * may fuse the node with the one whose result it reads, that is the graph's first node, and the
 * result between them is transient.
 */
public final class OperationCase {
  /** One step, where the largest code is at least 100; and about one code in six off by a step. */
  private static final OperationTolerance ONE_STEP = new OperationTolerance(1e-5, 0.01);

  private final String name;
  private final Graph graph;
  private final Map<Tensor, SeededData> data;

  private OperationCase(String name, Graph graph, Map<Tensor, SeededData> data) {
    this.name = name;
    this.graph = graph;
    this.data = data;
  }

  /** Operation, variant and sizes, such as {@code RmsNorm 7x1000}. */
  public String name() {
    return name;
  }

  /** The graph that ends with the node. */
  public Graph graph() {
    return graph;
  }

  /** The node. */
  public Node node() {
    return graph.nodes().getLast();
  }

  /** How far one of the node's outputs may be off where {@code tested} carried it out. */
  OperationTolerance tolerance(Tensor output, Backend tested) {
    if (graph.nodes().size() == 1) {
      return OperationTolerance.of(node(), output, tested);
    }
    return countsSteps(output) ? ONE_STEP : OperationTolerance.FP32;
  }

  /**
   * An output's values as they are compared. What a fused node quantizes is off in its last bits,
   * which moves a value across a tie now and then: such codes are counted in steps of the format,
   * from zero and with the sign, so that a step is as far at the bottom of the format as at the
   * top.
   */
  double[] comparable(Tensor output, double[] values) {
    if (!countsSteps(output)) {
      return values;
    }
    double[] steps = new double[values.length];
    for (int i = 0; i < steps.length; i++) {
      float size = (float) Math.abs(values[i]);
      int code = output.dtype() == DType.E4M3 ? E4M3.encode(size) : E5M2.encode(size);
      steps[i] = Double.isNaN(values[i]) ? Double.NaN : Math.copySign(code, values[i]);
    }
    return steps;
  }

  private boolean countsSteps(Tensor output) {
    boolean codes = output.dtype() == DType.E4M3 || output.dtype() == DType.E5M2;
    return codes && graph.nodes().size() > 1;
  }

  /** Fills the operands on a backend that has compiled {@link #graph}. */
  public void upload(Backend backend) {
    try (Arena arena = Arena.ofConfined()) {
      data.forEach(
          (tensor, values) -> {
            MemorySegment segment = arena.allocate(Math.max(1, tensor.bytes()), 64);
            values.fill(tensor, segment, tensor.name().hashCode());
            backend.upload(tensor.name(), segment);
          });
    }
  }

  @Override
  public String toString() {
    return name;
  }

  /** Starts a case; operands are given in the order of the operation's signature. */
  static Builder of(String name, Op op) {
    return new Builder(name, op);
  }

  /** Declares the operands of a case. */
  static final class Builder {
    private final String name;
    private final Op op;
    private final Graph graph;
    private final List<Tensor> reads = new ArrayList<>();
    private final List<Tensor> writes = new ArrayList<>();
    private final Map<Tensor, SeededData> data = new LinkedHashMap<>();

    private Builder(String name, Op op) {
      this.name = op.name() + " " + name;
      this.op = op;
      this.graph = new Graph(this.name);
    }

    Builder read(SeededData values, int... dims) {
      return read(DType.F32, values, dims);
    }

    Builder read(DType dtype, SeededData values, int... dims) {
      String operand = op.signature().readName(reads.size());
      Tensor tensor = graph.declare(name + "/" + operand, dtype, Role.INPUT, dims);
      reads.add(tensor);
      data.put(tensor, values);
      return this;
    }

    /** What the node reads first, from a node of its own; other results of that are outputs. */
    Builder from(Op producer, List<SeededData> values, int[][] readDims, int[][] writeDims) {
      List<Tensor> from = new ArrayList<>();
      for (int i = 0; i < readDims.length; i++) {
        String operand = name + "/" + producer.signature().readName(i);
        Tensor tensor = graph.declare(operand, DType.F32, Role.INPUT, readDims[i]);
        from.add(tensor);
        data.put(tensor, values.get(i));
      }
      List<Tensor> to = new ArrayList<>();
      Tensor between = graph.transientTensor(name + "/between", DType.F32, writeDims[0]);
      to.add(between);
      for (int i = 1; i < writeDims.length; i++) {
        String operand = name + "/" + producer.signature().writeName(i);
        Tensor tensor = graph.declare(operand, DType.F32, Role.OUTPUT, writeDims[i]);
        to.add(tensor);
        data.put(tensor, SeededData.constants(Double.NaN));
      }
      graph.add(producer.name(), producer, from, to);
      reads.add(between);
      return this;
    }

    Builder integers(int... values) {
      return read(DType.I32, SeededData.integers(values), values.length);
    }

    Builder write(int... dims) {
      return write(DType.F32, dims);
    }

    /** An output that the node overwrites: it starts as NaN, which must not show. */
    Builder write(DType dtype, int... dims) {
      String operand = op.signature().writeName(writes.size());
      Tensor tensor = graph.declare(name + "/" + operand, dtype, Role.OUTPUT, dims);
      writes.add(tensor);
      data.put(tensor, SeededData.constants(Double.NaN));
      return this;
    }

    Builder update(SeededData values, int... dims) {
      return update(DType.F32, values, dims);
    }

    Builder update(DType dtype, SeededData values, int... dims) {
      String operand = op.signature().writeName(writes.size());
      Tensor tensor = graph.declare(name + "/" + operand, dtype, Role.STATE, dims);
      writes.add(tensor);
      data.put(tensor, values);
      return this;
    }

    OperationCase build() {
      graph.add(op.name(), op, reads, writes);
      return new OperationCase(name, graph, data);
    }
  }
}
