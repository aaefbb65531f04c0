package org.foretoken.kernels.device;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.kernel.StagedCopy;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A task graph that copies host memory into one resident array, a chunk an execution. TornadoVM
 * does not transfer into an array that a graph consumes from another, hence the detour.
 */
final class StagingGraph {
  private static final int MOST_ELEMENTS = 1 << 22;

  private final TaskGraph graph;
  private final TornadoNativeArray staging;
  private final IntArray range = new IntArray(2);
  private final ArrayType type;
  private final int elements;
  private final int chunk;

  private StagingGraph(String name, String owner, TornadoNativeArray target) {
    type = ArrayType.of(target);
    elements = target.getSize();
    chunk = Math.min(elements, MOST_ELEMENTS);
    staging = type.allocate("staging array", chunk);
    graph = new TaskGraph(name);
    graph.consumeFromDevice(owner, target);
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, staging, range);
    int n = chunk;
    switch (type) {
      case FLOAT ->
          graph.task(
              "copy", StagedCopy::copyFloats, (FloatArray) staging, range, (FloatArray) target, n);
      case INT ->
          graph.task("copy", StagedCopy::copyInts, (IntArray) staging, range, (IntArray) target, n);
      case SHORT ->
          graph.task(
              "copy", StagedCopy::copyShorts, (ShortArray) staging, range, (ShortArray) target, n);
      case BYTE ->
          graph.task(
              "copy", StagedCopy::copyBytes, (ByteArray) staging, range, (ByteArray) target, n);
    }
  }

  /** A graph called {@code name} that changes {@code target} of the graph called {@code owner}. */
  static StagingGraph of(String name, String owner, TornadoNativeArray target) {
    return new StagingGraph(name, owner, target);
  }

  TaskGraph graph() {
    return graph;
  }

  /** Elements of the target. */
  int elements() {
    return elements;
  }

  /** Elements copied by one execution. */
  int chunk() {
    return chunk;
  }

  /** Puts the chunk of {@code source} that starts at {@code element} into the staging array. */
  void fill(MemorySegment source, long element) {
    long count = Math.min(chunk, elements - element);
    MemorySegment.copy(
        source, element * type.bytes(), ArrayType.segment(staging), 0, count * type.bytes());
    range.set(0, (int) element);
    range.set(1, (int) count);
  }
}
