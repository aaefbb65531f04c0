package org.foretoken.kernels.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;

/**
 * Copies of resident tensors in layouts that decoding wants: weights packed for products with few
 * rows, and transposed key caches. A packed weight is kept for as long as the weight itself does
 * not change. A weight changes by an upload, or by a run of a graph that writes it; the next
 * product then packs it anew.
 */
final class HostWeights implements AutoCloseable {
  /** Most rows of a product that is worth a packed copy of its weight. */
  static final int MOST_ROWS = 16;

  /** How a weight enters products. */
  enum Kind {
    F32,
    BF16,
    FP8
  }

  private record Key(String weight, int expert, Kind kind) {}

  private record Entry(HostPackedWeight packed, Arena arena, long version) {}

  private final HostPool pool;
  private final Map<String, long[]> versions = new HashMap<>();
  private final Map<Key, Entry> entries = new HashMap<>();
  private final Map<String, HostKeyPanels> keyPanels = new HashMap<>();
  private long bytes;

  HostWeights(HostPool pool) {
    this.pool = pool;
  }

  /** Whether operand {@code i} of a product of {@code rows} rows may be kept packed. */
  static boolean packable(HostOperands x, int i, int rows) {
    Tensor w = x.in(i);
    if (rows > MOST_ROWS || !(w.role() == Role.PARAMETER || w.role() == Role.STATE)) {
      return false;
    }
    for (Node node : x.graph().nodes()) {
      if (node.writes().contains(w)) {
        return false;
      }
    }
    return true;
  }

  /** The counter of changes of a resident tensor; the array itself stays the same. */
  long[] version(String tensor) {
    return versions.computeIfAbsent(tensor, t -> new long[1]);
  }

  /** Bytes of all packed copies. */
  long bytes() {
    return bytes;
  }

  /**
   * The packed copy of a weight, made now if there is none or if it is out of date.
   *
   * @param version {@link #version} of the weight
   * @param scales scales of an FP8 weight, else null
   */
  synchronized HostPackedWeight packed(
      Tensor weight, Kind kind, long[] version, MemorySegment w, MemorySegment scales) {
    return packed(weight.name(), 0, weight.rows(), weight.columns(), kind, version, w, scales);
  }

  /**
   * The packed copy of one matrix [n, k] of a stack.
   *
   * @param expert which
   * @param w its elements
   * @param scales its scales where it is FP8, else null
   */
  HostPackedWeight packed(
      String weight,
      int expert,
      int n,
      int k,
      Kind kind,
      long[] version,
      MemorySegment w,
      MemorySegment scales) {
    Key key = new Key(weight, expert, kind);
    Entry known = entries.get(key);
    if (known != null && known.version == version[0]) {
      return known.packed;
    }
    if (known != null) {
      known.arena.close();
    } else {
      bytes += (long) n * k * (kind == Kind.FP8 ? 1 : kind == Kind.BF16 ? 2 : 4);
    }
    Arena arena = Arena.ofShared();
    HostPackedWeight packed =
        switch (kind) {
          case F32 -> HostPackedWeight.pack(pool, arena, w, n, k, HostGemm.Operand.F32);
          case BF16 -> HostPackedWeight.pack(pool, arena, w, n, k, HostGemm.Operand.F32_AS_BF16);
          case FP8 -> HostPackedWeight.packFp8(pool, arena, w, scales, n, k);
        };
    entries.put(key, new Entry(packed, arena, version[0]));
    return packed;
  }

  /** The transposed copy of a key cache, made on first use; {@code cache} is its address. */
  HostKeyPanels keyPanels(Tensor tensor, int kvHeads, int headDim, long cache, HostMemory memory) {
    return keyPanels.computeIfAbsent(
        tensor.name(),
        name ->
            new HostKeyPanels(
                kvHeads,
                headDim,
                tensor.rows(),
                cache,
                version(name),
                size -> memory.allocate("transposed copy of '" + tensor + "'", size)));
  }

  /** The transposed copy of a cache, or null where nothing has asked for one. */
  HostKeyPanels keyPanels(String cache) {
    return keyPanels.get(cache);
  }

  @Override
  public void close() {
    entries.values().forEach(e -> e.arena.close());
    entries.clear();
  }
}
