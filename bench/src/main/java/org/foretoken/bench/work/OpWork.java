package org.foretoken.bench.work;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.foretoken.bench.measure.CheckFailure;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.suite.Peer;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Elements;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.reference.OperationTolerance;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.foretoken.kernels.reference.TensorError;

/**
 * One operation that is no product, as a graph of one node.
 *
 * <p>It is checked twice against the reference in double precision: the operation on the first rows
 * alone, every output; and, where an output's first rows depend on the first rows of the operands
 * only, those rows of the result that is timed.
 */
final class OpWork implements Workload {
  private final SuiteCase benchCase;
  private final Places place;
  private final OpGraph graph;
  private final Executable executable;
  private final Arena arena = Arena.ofShared();

  OpWork(SuiteCase benchCase) {
    this.benchCase = benchCase;
    graph = OpGraph.of(benchCase.op(), benchCase.extents());
    place = Places.open(benchCase);
    try {
      executable = place.backend().compile(graph.graph());
      graph.upload(place.backend());
    } catch (RuntimeException | OutOfMemoryError e) {
      close();
      throw e;
    }
  }

  @Override
  public void check() {
    OpGraph small = OpGraph.of(benchCase.op(), graph.checkedExtents());
    try (Backend reference = new ReferenceBackend();
        Places tested = Places.open(benchCase)) {
      Executable expected = reference.compile(small.graph());
      Executable actual = tested.backend().compile(small.graph());
      small.upload(reference);
      small.upload(tested.backend());
      expected.run();
      actual.run();
      executable.run();
      Set<String> prefixes = graph.rowwise();
      for (Tensor t : small.node().writes()) {
        double[] wanted = download(reference, t);
        compare(t, wanted, download(tested.backend(), t), "the first rows alone");
        if (prefixes.contains(t.name())) {
          Tensor whole = graph.graph().tensor(t.name());
          compare(t, wanted, download(place.backend(), whole, wanted.length), "the first rows");
        }
      }
    }
    if (graph.updates()) {
      graph.upload(place.backend()); // what the operation updates starts from the same values
    }
  }

  private void compare(Tensor t, double[] expected, double[] found, String part) {
    TensorError error = TensorError.between(expected, found);
    OperationTolerance tolerance = OperationTolerance.of(graph.node().op(), t);
    if (!tolerance.allows(error)) {
      throw new CheckFailure(
          t.name()
              + ", "
              + part
              + ": expected the reference within "
              + tolerance
              + ", found "
              + error);
    }
  }

  private static double[] download(Backend backend, Tensor t) {
    return download(backend, t, Math.toIntExact(t.shape().elements()));
  }

  /** The first {@code n} elements: a large tensor does not fit the Java heap as doubles. */
  private static double[] download(Backend backend, Tensor t, int n) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment segment = scratch.allocate(Math.max(1, t.bytes()), 64).asSlice(0, t.bytes());
      backend.download(t.name(), segment);
      double[] values = new double[n];
      for (int i = 0; i < values.length; i++) {
        values[i] = Elements.get(t.dtype(), segment, i);
      }
      return values;
    }
  }

  @Override
  public Side ours() {
    return Side.of(executable::run);
  }

  @Override
  public Side peer(Peer peer) {
    return OpPeers.open(peer, this);
  }

  SuiteCase benchCase() {
    return benchCase;
  }

  OpGraph graph() {
    return graph;
  }

  Arena arena() {
    return arena;
  }

  int threads() {
    return place.pool().threads();
  }

  /** The values of an operand that is read, as FP32. */
  MemorySegment operand(int index) {
    Tensor t = graph.node().in(index);
    MemorySegment segment = arena.allocate(t.bytes(), 64);
    place.backend().download(t.name(), segment);
    return segment;
  }

  /** Holds a peer's FP32 output to ours. */
  void checkPeer(Peer peer, int output, MemorySegment found, double allowed) {
    executable.run();
    Tensor t = graph.node().out(output);
    double[] ours = download(place.backend(), t);
    double[] theirs = new double[ours.length];
    for (int i = 0; i < theirs.length; i++) {
      theirs[i] = Elements.get(t.dtype(), found, i);
    }
    TensorError error = TensorError.between(ours, theirs);
    if (!(error.max() <= allowed)) {
      throw new CheckFailure(
          peer.label()
              + ", "
              + t.name()
              + ": expected ours within "
              + allowed
              + ", found "
              + error);
    }
  }

  static NotMeasured noPeer(Peer peer, SuiteCase c) {
    return new NotMeasured(peer.label() + " has no " + c.op().label());
  }

  @Override
  public double flop() {
    return NodeCost.flop(graph.node());
  }

  @Override
  public double bytes() {
    return graph.boundByMemory() ? NodeCost.bytes(graph.node()) : 0;
  }

  @Override
  public void close() {
    place.close();
    arena.close();
  }
}
