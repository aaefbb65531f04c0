package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Tensor;

/**
 * Runs graphs on the CPU: Vector-API Java on off-heap memory, each operation on all threads of a
 * {@link HostPool}; operations too small for that run beside each other, see {@link HostSchedule}.
 *
 * <p>Results do not depend on the number of threads, and a row's results do not depend on the
 * number of rows. Not for use by several threads at once.
 */
public final class HostBackend implements Backend {
  /** Set to true, small operations run beside each other. */
  public static final String OVERLAP_PROPERTY = "foretoken.host.overlap";

  private record Resident(Tensor tensor, MemorySegment segment) {}

  private final HostPool pool;
  private final boolean overlap;
  private final boolean trace;
  private final HostMemory memory = new HostMemory();
  private final HostWeights weights;
  private final Map<String, Resident> residents = new LinkedHashMap<>();

  /** A backend on the process-wide team of threads, without tracing. */
  public HostBackend() {
    this(HostPool.shared(), false);
  }

  /**
   * Creates a backend.
   *
   * @param pool the threads; stays the caller's to close
   * @param trace whether {@link Executable#nodeNanos} is filled
   */
  public HostBackend(HostPool pool, boolean trace) {
    this(pool, Boolean.getBoolean(OVERLAP_PROPERTY), trace);
  }

  /**
   * Creates a backend.
   *
   * @param pool the threads; stays the caller's to close
   * @param overlap whether small operations run beside each other, with the same results
   * @param trace whether {@link Executable#nodeNanos} is filled
   */
  public HostBackend(HostPool pool, boolean overlap, boolean trace) {
    this.pool = pool;
    this.overlap = overlap;
    this.trace = trace;
    weights = new HostWeights(pool);
  }

  @Override
  public String name() {
    return "host";
  }

  @Override
  public String description() {
    return "CPU, "
        + pool.threads()
        + (pool.threads() == 1 ? " thread, " : " threads, ")
        + HostMath.F.vectorBitSize()
        + "-bit vectors";
  }

  @Override
  public Executable compile(Graph graph) {
    MemoryPlan plan = MemoryPlan.of(graph);
    List<Tensor> tensors = graph.tensors();
    MemorySegment slab =
        memory.allocate("graph '" + graph.name() + "', transients", plan.peakBytes());
    MemorySegment[] segments = new MemorySegment[tensors.size()];
    for (Tensor t : tensors) {
      if (t.role().resident()) {
        segments[t.id()] = resident(graph, t);
      } else if (plan.offset(t) >= 0) {
        segments[t.id()] = slab.asSlice(plan.offset(t), t.bytes());
      }
    }
    return new HostExecutable(graph, plan, segments, memory, weights, pool, overlap, trace);
  }

  private MemorySegment resident(Graph graph, Tensor tensor) {
    Resident known = residents.get(tensor.name());
    if (known == null) {
      String what = "graph '" + graph.name() + "', tensor '" + tensor + "'";
      known = new Resident(tensor, memory.allocate(what, tensor.bytes()));
      residents.put(tensor.name(), known);
    }
    Tensor t = known.tensor;
    if (t.dtype() != tensor.dtype() || !t.shape().equals(tensor.shape())) {
      throw new GraphException(
          "graph '"
              + graph.name()
              + "': resident tensor expected as '"
              + t
              + "' from a graph before, found '"
              + tensor
              + "'; give one of them another name");
    }
    return known.segment;
  }

  /**
   * The memory of a resident tensor itself: its elements, row-major, in native byte order; valid
   * until {@link #close}. Weights are not to be written here but by {@link #upload}, which makes
   * copies that are packed for decoding follow.
   */
  public MemorySegment segment(String tensor) {
    return find(tensor).segment;
  }

  private Resident find(String tensor) {
    Resident r = residents.get(tensor);
    if (r == null) {
      throw new GraphException(
          "host backend: no resident tensor named '" + tensor + "' in any compiled graph");
    }
    return r;
  }

  @Override
  public void upload(String tensor, MemorySegment source) {
    Resident r = find(tensor);
    checkSize(r, source);
    r.segment.copyFrom(source);
    weights.version(tensor)[0]++;
  }

  @Override
  public void download(String tensor, MemorySegment target) {
    Resident r = find(tensor);
    checkSize(r, target);
    target.copyFrom(r.segment);
  }

  private static void checkSize(Resident r, MemorySegment other) {
    if (other.byteSize() != r.tensor.bytes()) {
      throw new GraphException(
          "host backend: copy of '"
              + r.tensor
              + "' expected "
              + r.tensor.bytes()
              + " bytes, found "
              + other.byteSize());
    }
  }

  @Override
  public Collection<Tensor> residents() {
    return residents.values().stream().map(Resident::tensor).toList();
  }

  /** Bytes of native memory that all graphs compiled so far hold, resident and transient. */
  public long allocatedBytes() {
    return memory.allocated() + weights.bytes();
  }

  @Override
  public void close() {
    weights.close();
    memory.close();
    residents.clear();
  }
}
