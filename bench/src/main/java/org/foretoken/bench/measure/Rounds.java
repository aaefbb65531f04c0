package org.foretoken.bench.measure;

import java.util.ArrayList;
import java.util.List;

/**
 * Times several sides on the same work fairly: as many warm-up calls on every side, then rounds in
 * which each side has its turn, so that whatever slows the machine for a while slows all of them.
 *
 * <p>A round is about {@link #ROUND_NANOS} of the slowest side's calls, as many on every side. Each
 * turn starts with a call that is not timed and wakes the side's threads, unless calls are long.
 */
public final class Rounds {
  /**
   * How much to measure.
   *
   * @param rounds rounds that count, at least 1
   * @param warmUpNanos least time of the warm-up of all sides together
   */
  public record Plan(int rounds, long warmUpNanos) {}

  private static final long ROUND_NANOS = 40_000_000L;
  private static final long LONG_CALL_NANOS = 200_000_000L;
  private static final int WARM_UP_CALLS = 20;
  private static final int LEAST_WARM_UP_CALLS = 3;
  private static final int MOST_CALLS = 10_000;

  private Rounds() {}

  /** Nanoseconds of one call of each side in every round, in the order of {@code sides}. */
  public static List<Samples> measure(List<Side> sides, Plan plan) {
    long slowest = warmUp(sides, plan.warmUpNanos());
    int calls = Math.clamp(ROUND_NANOS / Math.max(1, slowest), 1, MOST_CALLS);
    double[][] nanos = new double[sides.size()][plan.rounds()];
    for (int round = 0; round < plan.rounds(); round++) {
      for (int i = 0; i < nanos.length; i++) {
        Side side = sides.get(i);
        if (slowest < LONG_CALL_NANOS) {
          side.nanos(1);
        }
        nanos[i][round] = (double) side.nanos(calls) / calls;
        side.rest();
      }
    }
    List<Samples> samples = new ArrayList<>();
    for (double[] n : nanos) {
      samples.add(new Samples(n));
    }
    return samples;
  }

  /** Returns the nanoseconds of the slowest side's last call, all of it. */
  private static long warmUp(List<Side> sides, long least) {
    long begin = System.nanoTime();
    long slowest = 0;
    for (int i = 0; ; i++) {
      long spent = System.nanoTime() - begin;
      boolean enough = i >= WARM_UP_CALLS && spent >= least;
      boolean slow = i >= LEAST_WARM_UP_CALLS && spent >= 3 * least;
      if (enough || slow) {
        break;
      }
      slowest = 0;
      for (Side side : sides) {
        long start = System.nanoTime(); // a side may time a part of its call only
        long told = side.nanos(1);
        slowest = Math.max(slowest, Math.max(told, System.nanoTime() - start));
      }
    }
    sides.forEach(Side::rest);
    return slowest;
  }
}
