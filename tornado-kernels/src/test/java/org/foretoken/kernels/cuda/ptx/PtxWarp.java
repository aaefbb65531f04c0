package org.foretoken.kernels.cuda.ptx;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.SplittableRandom;

/** 32 threads: their registers, and where each of them is. */
final class PtxWarp {
  static final int LANES = 32;

  /** Index of the first thread in its work group. */
  final int first;

  final PtxGroup group;

  /** Registers: 32 lanes of the first, of the second, and so on. */
  final long[] values;

  /** Products that were asked for and not waited for yet, by groups; the last is open. */
  final Deque<Runnable> products = new ArrayDeque<>();

  /** How many of {@link #products} each committed group has. */
  final Deque<Integer> committed = new ArrayDeque<>();

  /** Products asked for since the last commit. */
  int open;

  private final int[] at = new int[LANES];
  private final boolean[] exited = new boolean[LANES];

  /** Lanes that have just waited in vain. */
  private final BitSet stalled = new BitSet(LANES);

  /** Set by an instruction that cannot go on yet; it runs again later. */
  boolean blocked;

  /** Set where another warp should have its turn. */
  boolean yields;

  /** Whether this warp has been counted in the barrier that it waits at. */
  boolean counted;

  /** Phase of the cluster's barrier that it has arrived in. */
  int clusterPhase;

  PtxWarp(PtxGroup group, int first, int registers, SplittableRandom random) {
    this.group = group;
    this.first = first;
    values = new long[registers * LANES];
    for (int i = 0; i < values.length; i++) { // nothing may depend on what was never written
      values[i] = random.nextLong();
    }
  }

  boolean done() {
    for (boolean lane : exited) {
      if (!lane) {
        return false;
      }
    }
    return true;
  }

  /** Threads that have not left the kernel. */
  int alive() {
    int alive = 0;
    for (boolean lane : exited) {
      alive += lane ? 0 : 1;
    }
    return alive;
  }

  void exit(int lane) {
    exited[lane] = true;
  }

  /**
   * Index of the instruction that comes next: of all lanes' the first, so that lanes meet again.
   * Where that one has just waited in vain, lanes that are elsewhere have their turn.
   */
  int next() {
    int next = Integer.MAX_VALUE;
    int other = Integer.MAX_VALUE;
    for (int lane = 0; lane < LANES; lane++) {
      if (!exited[lane]) {
        next = Math.min(next, at[lane]);
        other = stalled.get(lane) ? other : Math.min(other, at[lane]);
      }
    }
    return stalled.isEmpty() || other == Integer.MAX_VALUE ? next : other;
  }

  /** Runs one instruction in the lanes that are at it; whether it has been carried out. */
  boolean step(PtxProgram program) {
    int next = next();
    stalled.clear();
    PtxProgram.Instruction instruction = program.instruction(next);
    boolean[] active = new boolean[LANES];
    boolean any = false;
    for (int lane = 0; lane < LANES; lane++) {
      if (!exited[lane] && at[lane] == next) {
        at[lane] = next + 1;
        boolean runs =
            instruction.guard() < 0
                || (get(instruction.guard(), lane) != 0) != instruction.negated();
        active[lane] = runs;
        any |= runs;
      }
    }
    blocked = false;
    yields = false;
    if (any) {
      instruction.operation().run(this, active);
    }
    if (blocked) {
      for (int lane = 0; lane < LANES; lane++) {
        if (active[lane]) {
          at[lane] = next;
        }
      }
    }
    for (int lane = 0; lane < LANES && (blocked || yields); lane++) {
      stalled.set(lane, active[lane]);
    }
    return !blocked;
  }

  void jump(int lane, int target) {
    at[lane] = target;
  }

  long get(int register, int lane) {
    return values[register * LANES + lane];
  }

  void set(int register, int lane, long value) {
    values[register * LANES + lane] = value;
  }

  float getFloat(int register, int lane) {
    return Float.intBitsToFloat((int) get(register, lane));
  }

  void setFloat(int register, int lane, float value) {
    set(register, lane, Float.floatToRawIntBits(value) & 0xffff_ffffL);
  }

  /** Fails where a warp's instruction does not find all of the warp. */
  void whole(boolean[] active, String operation) {
    boolean[] all = new boolean[LANES];
    Arrays.fill(all, true);
    if (!Arrays.equals(all, active)) {
      throw new IllegalStateException(operation + ": not all lanes of warp " + first / LANES);
    }
  }
}
