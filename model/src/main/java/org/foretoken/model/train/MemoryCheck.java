package org.foretoken.model.train;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;

/**
 * Memory that graphs will take, known before anything is allocated.
 *
 * @param residentBytes tensors that stay between runs, shared ones counted once
 * @param transientBytes the slabs of all graphs
 * @param transientBytesWithoutReuse what the slabs would be if no two tensors shared memory
 */
public record MemoryCheck(
    long residentBytes, long transientBytes, long transientBytesWithoutReuse) {
  /** Adds up graphs that will live on one backend. */
  public static MemoryCheck of(List<Graph> graphs) {
    Map<String, Long> resident = new TreeMap<>();
    long slabs = 0;
    long withoutReuse = 0;
    for (Graph graph : graphs) {
      for (Tensor t : graph.tensors()) {
        if (t.role().resident()) {
          resident.put(t.name(), t.bytes());
        }
      }
      MemoryPlan plan = MemoryPlan.of(graph);
      slabs += plan.peakBytes();
      withoutReuse += plan.bytesWithoutReuse();
    }
    long sum = resident.values().stream().mapToLong(Long::longValue).sum();
    return new MemoryCheck(sum, slabs, withoutReuse);
  }

  /** The least that training a model takes: weights, gradients and moments, without its graphs. */
  public static MemoryCheck ofParameters(ModelLayout layout, PrecisionTable precision) {
    int bytes = 2 * DType.F32.bytes() + 2 * precision.moments().bytes();
    return new MemoryCheck(Math.multiplyExact(layout.parameterCount(), (long) bytes), 0, 0);
  }

  /** Bytes in all. */
  public long totalBytes() {
    return residentBytes + transientBytes;
  }

  /**
   * Compares the need with what the machine has to give.
   *
   * @throws InputException when it is not enough
   */
  public void require() {
    long available = availableBytes();
    if (totalBytes() > available) {
      throw new InputException(
          String.format(
              "memory: expected at most %s (available), found a need of %s (%s resident, %s"
                  + " activations); lower train.batch_size, train.sequence_length or the model's sizes",
              gib(available), gib(totalBytes()), gib(residentBytes), gib(transientBytes)));
    }
  }

  private static String gib(long bytes) {
    return String.format("%.2f GiB", bytes / (double) (1L << 30));
  }

  /** Memory that the system can give without swapping. */
  public static long availableBytes() {
    Path meminfo = Path.of("/proc/meminfo");
    try {
      if (Files.isReadable(meminfo)) {
        for (String line : Files.readAllLines(meminfo)) {
          if (line.startsWith("MemAvailable:")) {
            return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
          }
        }
      }
    } catch (IOException e) {
      // Not Linux, or not readable: the JVM's own figure below serves.
    }
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getFreeMemorySize();
  }
}
