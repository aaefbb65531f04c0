package org.foretoken.kernels.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Tensor;

/** Runs single operations in two places and compares what they write. */
public final class OperationParity {
  /**
   * One output of one case.
   *
   * @param operation the case's name
   * @param operand the output, as the operation's signature calls it
   * @param error how far the tested backend is from the other
   * @param tolerance how far it may be
   * @param nanos time of the operation on the tested backend; of the whole run where that times no
   *     single nodes
   */
  public record Result(
      String operation,
      String operand,
      TensorError error,
      OperationTolerance tolerance,
      long nanos) {
    /** Whether the error is within the tolerance. */
    public boolean passed() {
      return tolerance.allows(error);
    }

    @Override
    public String toString() {
      return (passed() ? "ok    " : "FAILED ")
          + operation
          + ", "
          + operand
          + ": "
          + error
          + " (allowed: "
          + tolerance
          + ")";
    }
  }

  private OperationParity() {}

  /**
   * Runs one case on both backends.
   *
   * @param tested the backend under test
   * @param expected the backend that it is held to
   * @return one result for each output
   */
  public static List<Result> run(OperationCase operation, Backend tested, Backend expected) {
    Executable actual = prepare(operation, tested);
    Executable reference = prepare(operation, expected);
    long start = System.nanoTime();
    actual.run();
    long whole = System.nanoTime() - start;
    long node = actual.nodeNanos()[operation.node().index()];
    reference.run();
    List<Result> results = new ArrayList<>();
    List<Tensor> writes = operation.node().writes();
    for (int i = 0; i < writes.size(); i++) {
      Tensor tensor = writes.get(i);
      results.add(
          new Result(
              operation.name(),
              operation.node().op().signature().writeName(i),
              TensorError.between(
                  operation.comparable(tensor, download(expected, tensor)),
                  operation.comparable(tensor, download(tested, tensor))),
              operation.tolerance(tensor, tested),
              node > 0 ? node : whole));
    }
    return results;
  }

  private static Executable prepare(OperationCase operation, Backend backend) {
    Executable executable = backend.compile(operation.graph());
    operation.upload(backend);
    return executable;
  }

  /** The values of a resident tensor, codes decoded. */
  static double[] download(Backend backend, Tensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(Math.max(1, tensor.bytes()), 64);
      backend.download(tensor.name(), segment);
      Values values = Values.allocate(tensor);
      Storage.load(values, segment);
      return values.reals() != null
          ? values.reals()
          : Arrays.stream(values.integers()).asDoubleStream().toArray();
    }
  }
}
