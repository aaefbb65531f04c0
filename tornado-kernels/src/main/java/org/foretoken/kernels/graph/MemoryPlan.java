package org.foretoken.kernels.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Offsets of a graph's transient tensors in one slab, such that tensors that are alive at the same
 * time never overlap.
 *
 * <p>A transient lives from the node that first writes it to the last node that touches it, in
 * program order. Tensors are placed largest first, each at the lowest offset that is free during
 * its whole life (the greedy-by-size strategy of offset calculation).
 */
public final class MemoryPlan {
  /** Alignment of every tensor, in bytes: a cache line and an AVX-512 vector. */
  public static final int ALIGNMENT = 64;

  private record Life(Tensor tensor, int first, int last) {}

  private record Placed(Life life, long offset) {
    long end() {
      return offset + aligned(life.tensor.bytes());
    }
  }

  private final int[] first;
  private final int[] last;
  private final long[] offsets;
  private final long peakBytes;
  private final long bytesWithoutReuse;

  private MemoryPlan(
      int[] first, int[] last, long[] offsets, long peakBytes, long bytesWithoutReuse) {
    this.first = first;
    this.last = last;
    this.offsets = offsets;
    this.peakBytes = peakBytes;
    this.bytesWithoutReuse = bytesWithoutReuse;
  }

  /** Plans the transients of {@code graph}. */
  public static MemoryPlan of(Graph graph) {
    List<Tensor> tensors = graph.tensors();
    int[] first = new int[tensors.size()];
    int[] last = new int[tensors.size()];
    Arrays.fill(first, -1);
    for (Node node : graph.nodes()) {
      for (Tensor t : node.writes()) {
        first[t.id()] = first[t.id()] < 0 ? node.index() : first[t.id()];
        last[t.id()] = node.index();
      }
      for (Tensor t : node.reads()) {
        last[t.id()] = node.index();
      }
    }
    List<Life> lives = new ArrayList<>();
    for (Tensor t : tensors) {
      if (t.role() == Role.TRANSIENT && first[t.id()] >= 0) {
        lives.add(new Life(t, first[t.id()], last[t.id()]));
      }
    }
    lives.sort(
        Comparator.comparingLong((Life l) -> -l.tensor.bytes()).thenComparingInt(Life::first));

    long[] offsets = new long[tensors.size()];
    Arrays.fill(offsets, -1);
    List<Placed> placed = new ArrayList<>();
    long peak = 0;
    long total = 0;
    for (Life life : lives) {
      long offset = lowestFree(life, placed);
      Placed p = new Placed(life, offset);
      placed.add(insertionPoint(p, placed), p);
      offsets[life.tensor.id()] = offset;
      peak = Math.max(peak, p.end());
      total += aligned(life.tensor.bytes());
    }
    return new MemoryPlan(first, last, offsets, peak, total);
  }

  /** The lowest offset with room beside everything alive; {@code placed} is ordered by offset. */
  private static long lowestFree(Life life, List<Placed> placed) {
    long offset = 0;
    long size = aligned(life.tensor.bytes());
    for (Placed p : placed) {
      boolean alive = p.life.first <= life.last && life.first <= p.life.last;
      if (alive) {
        if (offset + size <= p.offset) {
          break;
        }
        offset = Math.max(offset, p.end());
      }
    }
    return offset;
  }

  private static int insertionPoint(Placed p, List<Placed> placed) {
    int at = Collections.binarySearch(placed, p, Comparator.comparingLong(Placed::offset));
    return at < 0 ? -at - 1 : at;
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Offset of a transient in the slab, in bytes; -1 for a tensor that is not in it. */
  public long offset(Tensor tensor) {
    return offsets[tensor.id()];
  }

  /** Index of the first node that writes a tensor; -1 for one that no node writes. */
  public int firstNode(Tensor tensor) {
    return first[tensor.id()];
  }

  /** Index of the last node that touches a tensor. */
  public int lastNode(Tensor tensor) {
    return last[tensor.id()];
  }

  /** One past the tensor's last byte in the slab, alignment included. */
  public long end(Tensor tensor) {
    return offset(tensor) + aligned(tensor.bytes());
  }

  /** Size of the slab. */
  public long peakBytes() {
    return peakBytes;
  }

  /** What the transients would take if none shared memory with another. */
  public long bytesWithoutReuse() {
    return bytesWithoutReuse;
  }
}
