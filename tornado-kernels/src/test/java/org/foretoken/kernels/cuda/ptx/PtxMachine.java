package org.foretoken.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Runs a kernel. Which warp goes on, for how long, and when a copy is carried out is drawn from a
 * seed; copies are carried out in any order.
 */
public final class PtxMachine {
  /** Instructions of a warp's turn at most. */
  private static final int TURN = 300;

  /** Turns in which nothing but waiting happens, after which nothing will. */
  private static final int STUCK = 20_000;

  private record Memory(long begin, float[] values) {}

  private final SplittableRandom random;
  private final Map<String, Long> parameters = new HashMap<>();
  private final List<TensorMap> maps = new ArrayList<>();
  private final List<Memory> memories = new ArrayList<>();
  private final List<Runnable> copies = new ArrayList<>();
  private int groups;

  /** A machine whose order of events is drawn from {@code seed}. */
  public PtxMachine(long seed) {
    random = new SplittableRandom(seed);
  }

  /** Sets a parameter of the kernel to a number. */
  public void set(String parameter, long value) {
    parameters.put(parameter, value);
  }

  /** Sets a parameter to the address of {@code values}, which the kernel reads and writes. */
  public void set(String parameter, float[] values) {
    long begin = 1L + memories.size() << 32;
    memories.add(new Memory(begin, values));
    parameters.put(parameter, begin);
  }

  /** Sets a parameter to a tensor map. */
  public void set(String parameter, TensorMap map) {
    maps.add(map);
    parameters.put(parameter, (long) maps.size());
  }

  /**
   * Runs {@code kernel} in {@code groups} work groups, in clusters of {@code clusterSize}.
   *
   * @throws IllegalStateException where the program does what a device would not accept or end
   */
  public void run(PtxKernel kernel, int groups, int clusterSize, int sharedBytes) {
    this.groups = groups;
    PtxProgram program = new PtxProgram(kernel, this);
    for (int first = 0; first < groups; first += clusterSize) {
      PtxCluster cluster = new PtxCluster();
      for (int rank = 0; rank < clusterSize; rank++) {
        PtxGroup group = new PtxGroup(first + rank, rank, cluster, sharedBytes);
        for (int thread = 0; thread < kernel.threads; thread += PtxWarp.LANES) {
          group.warps.add(new PtxWarp(group, thread, kernel.registers(), random));
        }
        cluster.groups.add(group);
      }
      run(program, cluster);
    }
  }

  private void run(PtxProgram program, PtxCluster cluster) {
    List<PtxWarp> warps = new ArrayList<>();
    cluster.groups.forEach(group -> warps.addAll(group.warps));
    int idle = 0;
    while (!warps.isEmpty()) {
      if (!copies.isEmpty() && random.nextInt(8) == 0) {
        copies.remove(random.nextInt(copies.size())).run();
        idle = 0;
      }
      PtxWarp warp = warps.get(random.nextInt(warps.size()));
      boolean progress = turn(program, warp);
      cluster.check(); // threads may have left
      if (warp.done()) {
        warps.remove(warp);
      }
      idle = progress || !copies.isEmpty() ? 0 : idle + 1;
      if (idle > STUCK) {
        throw new IllegalStateException(
            "every warp waits; the last at PTX line "
                + program.instruction(warps.getFirst().next()).line());
      }
    }
    if (!copies.isEmpty()) {
      throw new IllegalStateException(copies.size() + " copies after the kernel's end");
    }
  }

  /** Lets a warp go on for a while; whether it did more than look at a barrier. */
  private boolean turn(PtxProgram program, PtxWarp warp) {
    int length = 1 + random.nextInt(TURN);
    boolean progress = false;
    boolean waits = false;
    for (int i = 0; i < length && !warp.done(); i++) {
      boolean ran;
      try {
        ran = warp.step(program);
      } catch (RuntimeException e) {
        int line = program.instruction(Math.max(0, warp.next() - 1)).line();
        throw new IllegalStateException("PTX line " + line + ": " + e.getMessage(), e);
      }
      if (!ran) {
        return progress;
      }
      if (warp.yields) {
        if (waits) {
          return progress;
        }
        waits = true;
      } else if (!waits || i > 3) {
        progress = true;
      }
    }
    return progress;
  }

  PtxProgram.Operation exit() {
    return (warp, active) -> {
      for (int lane = 0; lane < PtxWarp.LANES; lane++) {
        if (active[lane]) {
          warp.exit(lane);
        }
      }
    };
  }

  /** {@code bar.sync 0}: all warps of the work group. */
  PtxProgram.Operation groupBarrier() {
    return (warp, active) -> {
      warp.whole(active, "bar.sync");
      PtxGroup group = warp.group;
      if (!warp.counted) {
        warp.counted = true;
        warp.clusterPhase = group.opened;
        if (++group.waiting == group.warps.size()) {
          group.waiting = 0;
          group.opened++;
        }
      }
      warp.blocked = group.opened == warp.clusterPhase;
      warp.counted = warp.blocked;
    };
  }

  PtxProgram.Operation clusterArrive() {
    return (warp, active) -> {
      int threads = 0;
      for (boolean lane : active) {
        threads += lane ? 1 : 0;
      }
      warp.clusterPhase = warp.group.cluster.phase;
      warp.group.cluster.arrive(threads);
    };
  }

  PtxProgram.Operation clusterWait() {
    return (warp, active) -> warp.blocked = warp.group.cluster.phase == warp.clusterPhase;
  }

  int groups() {
    return groups;
  }

  long parameter(String name) {
    Long value = parameters.get(name);
    if (value == null) {
      throw new IllegalArgumentException("parameter " + name + " is not set");
    }
    return value;
  }

  TensorMap map(long handle) {
    return maps.get((int) handle - 1);
  }

  /** Has {@code copy} carried out at some time before the program can know that it has not. */
  void later(Runnable copy) {
    copies.add(copy);
  }

  void aligned(long address, int bytes) {
    if (address % bytes != 0) {
      throw new IllegalStateException(
          "access of " + bytes + " bytes at " + Long.toHexString(address));
    }
  }

  float load(long address) {
    Memory memory = memory(address);
    return memory.values[(int) (address - memory.begin >> 2)];
  }

  void store(long address, float value) {
    Memory memory = memory(address);
    memory.values[(int) (address - memory.begin >> 2)] = value;
  }

  private Memory memory(long address) {
    for (Memory memory : memories) {
      if (address >= memory.begin && address < memory.begin + 4L * memory.values.length) {
        return memory;
      }
    }
    throw new IllegalStateException("address outside all memory: " + Long.toHexString(address));
  }
}
