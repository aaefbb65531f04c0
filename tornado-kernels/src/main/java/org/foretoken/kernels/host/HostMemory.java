package org.foretoken.kernels.host;

import com.sun.management.OperatingSystemMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.MemoryPlan;

/**
 * Native memory of one backend: zeroed blocks, aligned for vectors, all freed together.
 *
 * <p>Blocks are counted against the memory of the machine (or its container), because an operating
 * system that overcommits would grant more and kill the process later.
 */
final class HostMemory implements AutoCloseable {
  /** Where the machine has no masked loads, a partial vector is a whole one that is then cut. */
  private static final int SLACK = 64;

  private final Arena arena = Arena.ofShared();
  private volatile boolean closed;
  private long allocated;
  private MemorySegment scratch = MemorySegment.NULL;
  private long scratches;
  private final Map<RopeKey, HostRopeTable> ropeTables = new HashMap<>();

  private record RopeKey(int rotaryDim, double theta) {}

  /**
   * Allocates {@code bytes} zero bytes.
   *
   * @param what what it is for, as it should appear in an error
   * @throws GraphException when the machine does not have that much
   */
  synchronized MemorySegment allocate(String what, long bytes) {
    long wanted = Math.max(bytes, MemoryPlan.ALIGNMENT);
    long total = totalMemory();
    if (allocated + wanted > total) {
      throw new GraphException(
          what
              + ": expected at most "
              + megabytes(total)
              + " of memory in all, found "
              + megabytes(wanted)
              + " on top of "
              + megabytes(allocated)
              + "; use a smaller model, batch or sequence");
    }
    try {
      MemorySegment block = arena.allocate(wanted + SLACK, MemoryPlan.ALIGNMENT);
      allocated += wanted;
      return block.asSlice(0, bytes);
    } catch (OutOfMemoryError e) {
      throw new GraphException(
          what
              + ": "
              + megabytes(wanted)
              + " of native memory not granted on top of "
              + megabytes(allocated)
              + " ("
              + e.getMessage()
              + "); raise -XX:MaxDirectMemorySize or use a smaller model, batch or sequence");
    }
  }

  /** Memory that all nodes share, since one runs at a time. */
  synchronized MemorySegment scratch(String what, long bytes) {
    scratches++;
    if (scratch.byteSize() < bytes) {
      scratch = allocate(what, bytes);
    }
    return scratch.asSlice(0, bytes);
  }

  /** The table of these rotations, one for all nodes. */
  synchronized HostRopeTable ropeTable(int rotaryDim, double theta) {
    return ropeTables.computeIfAbsent(
        new RopeKey(rotaryDim, theta), k -> new HostRopeTable(rotaryDim, theta));
  }

  /** Bytes allocated so far. */
  synchronized long allocated() {
    return allocated;
  }

  private static long totalMemory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os
        ? os.getTotalMemorySize()
        : Long.MAX_VALUE;
  }

  private static String megabytes(long bytes) {
    return Math.ceilDiv(bytes, 1L << 20) + " MiB";
  }

  /**
   * Kernels use addresses, so a run after {@link #close} must not start.
   *
   * @throws GraphException when the memory is gone
   */
  void requireOpen(Graph graph) {
    if (closed) {
      throw new GraphException(
          "graph '" + graph.name() + "': run after its host backend was closed; compile it anew");
    }
  }

  @Override
  public void close() {
    closed = true;
    arena.close();
  }

  /** How often scratch memory has been asked for: who did shares it with all who did. */
  synchronized long scratches() {
    return scratches;
  }
}
