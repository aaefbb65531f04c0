package org.foretoken.kernels.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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

  /**
   * Bytes of FP8 weights that are kept widened to bfloat16: what stays in the last-level cache from
   * step to step is limited by the work of widening, and only what does not by memory.
   */
  private static final long WIDE_BYTES = 16L << 20;

  private final HostPool pool;
  private final Map<String, long[]> versions = new HashMap<>();
  private final Map<Key, Entry> entries = new HashMap<>();
  private final Map<String, HostKeyPanels> keyPanels = new HashMap<>();
  private final Set<Key> wide = new HashSet<>();
  private long wideBytes;
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
      if (kind == Kind.FP8) {
        widen(key, (long) n * k);
      }
      int each = kind == Kind.F32 ? Float.BYTES : bf16(key) ? Short.BYTES : Byte.BYTES;
      bytes += (long) n * k * each;
    }
    Arena arena = Arena.ofShared();
    HostPackedWeight packed =
        switch (kind) {
          case F32 -> HostPackedWeight.pack(pool, arena, w, n, k, HostGemm.Operand.F32);
          case BF16 -> HostPackedWeight.pack(pool, arena, w, n, k, HostGemm.Operand.F32_AS_BF16);
          case FP8 ->
              wide.contains(key)
                  ? HostPackedWeight.packFp8Wide(pool, arena, w, scales, n, k)
                  : HostPackedWeight.packFp8(pool, arena, w, scales, n, k);
        };
    entries.put(key, new Entry(packed, arena, version[0]));
    return packed;
  }

  private boolean bf16(Key key) {
    return key.kind == Kind.BF16 || wide.contains(key);
  }

  /** Notes FP8 codes as some to be widened, if there is room for them. */
  private void widen(Key key, long elements) {
    long needed = Short.BYTES * elements;
    if (wideBytes + needed <= WIDE_BYTES) {
      wideBytes += needed;
      wide.add(key);
    }
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
