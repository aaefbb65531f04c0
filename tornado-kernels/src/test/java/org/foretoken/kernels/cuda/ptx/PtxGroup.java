package org.foretoken.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A work group: warps, shared memory, barriers. */
final class PtxGroup {
  /** What an address of shared memory has above the offset: the work group's rank. */
  static final int WINDOW = 24;

  /** Where dynamic shared memory begins: aligned to 16 bytes, as on a device. */
  static final int DYNAMIC = 1024 * 3 + 16;

  /** An mbarrier object (PTX ISA, "Parallel Synchronization and Communication: mbarrier"). */
  static final class Barrier {
    private final int count;
    private int pending;
    private long bytes;
    private int phase;

    Barrier(int count) {
      this.count = count;
      pending = count;
    }

    void arrive(long expectedBytes) {
      bytes += expectedBytes;
      pending--;
      if (pending < 0) {
        throw new IllegalStateException("mbarrier: more arrivals than " + count);
      }
      turn();
    }

    void complete(long copied) {
      bytes -= copied;
      turn();
    }

    private void turn() {
      if (pending == 0 && bytes == 0) {
        phase++;
        pending = count;
      }
    }

    /** Whether the phase of that parity is over. */
    boolean over(long parity) {
      return (phase & 1) != (parity & 1);
    }
  }

  final int index;
  final int rank;
  final PtxCluster cluster;
  final List<PtxWarp> warps = new ArrayList<>();
  final byte[] shared;
  private final Map<Integer, Barrier> barriers = new HashMap<>();

  /** Warps that wait at the work group's barrier. */
  int waiting;

  /** How often it has opened. */
  int opened;

  PtxGroup(int index, int rank, PtxCluster cluster, int sharedBytes) {
    this.index = index;
    this.rank = rank;
    this.cluster = cluster;
    shared = new byte[DYNAMIC + sharedBytes];
    Arrays.fill(shared, (byte) 0x7f); // NaN in E4M3
  }

  void init(long address, int count) {
    barriers.put(own(address), new Barrier(count));
  }

  Barrier barrier(int offset) {
    Barrier barrier = barriers.get(offset);
    if (barrier == null) {
      throw new IllegalStateException("no mbarrier at " + offset);
    }
    return barrier;
  }

  /** Offset of an address that has to be in this work group's memory. */
  int own(long address) {
    if ((int) address >>> WINDOW != rank) {
      throw new IllegalStateException(
          "address of another work group: " + Long.toHexString(address));
    }
    return offset(address);
  }

  static int offset(long address) {
    return (int) address & (1 << WINDOW) - 1;
  }
}
