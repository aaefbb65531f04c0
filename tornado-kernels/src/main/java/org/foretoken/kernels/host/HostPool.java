package org.foretoken.kernels.host;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed team of threads that runs one parallel loop at a time; the caller is a member of it.
 *
 * <p>Results never depend on the number of threads: a loop body owns the indices it is given, and
 * no body combines values across indices that another thread may hold. Workers spin for a short
 * while after a loop, since the loops of a training step follow each other within microseconds, and
 * then park. A loop waits for the workers that joined it, not for those that woke too late: one
 * that the caller has done by then costs what it would have cost without a team.
 */
public final class HostPool implements AutoCloseable {
  /** The body of a parallel loop over {@code [begin, end)}. */
  @FunctionalInterface
  public interface Range {
    /** Works on the indices from {@code begin} (inclusive) to {@code end} (exclusive). */
    void run(int begin, int end);
  }

  private static final long SPIN_NANOS = 200_000;
  private static final int SPINS_BEFORE_YIELD = 2_000;

  // The state of the loop at hand in one word: its number, whether workers may still join it, and
  // how many are in it. A worker joins by adding one to a word that it has seen open.
  private static final long OPEN = 1L << 31;
  private static final long MEMBERS = OPEN - 1;
  private static final int NUMBER = 32;

  private static final class Shared {
    static final HostPool INSTANCE = new HostPool(defaultThreads());
  }

  private final Thread[] workers;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicLong state = new AtomicLong();
  private final AtomicInteger parked = new AtomicInteger();
  private volatile boolean closed;
  private Range body;
  private int count;
  private int grain;
  private volatile Throwable failure;
  private boolean busy;

  /** Creates a team of {@code threads} threads, the caller of each loop included. */
  public HostPool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: expected at least 1, found " + threads);
    }
    workers = new Thread[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] =
          Thread.ofPlatform().daemon().name("foretoken-host-" + (i + 1)).unstarted(this::work);
      workers[i].start();
    }
  }

  /** The process-wide team: {@code FORETOKEN_THREADS} threads, or one for each processor. */
  public static HostPool shared() {
    return Shared.INSTANCE;
  }

  private static int defaultThreads() {
    String asked = System.getenv("FORETOKEN_THREADS");
    return asked == null
        ? Runtime.getRuntime().availableProcessors()
        : Integer.parseInt(asked.trim());
  }

  /** Number of threads that take part in a loop. */
  public int threads() {
    return workers.length + 1;
  }

  /**
   * Runs {@code body} over {@code [0, count)} in chunks of at most {@code grain} indices, handed
   * out in ascending order. Returns when all are done; rethrows the first failure. A loop started
   * from inside a loop runs on the calling thread alone.
   */
  public void parallelFor(int count, int grain, Range body) {
    if (count <= 0) {
      return;
    }
    int step = Math.max(1, grain);
    if (workers.length == 0 || count <= step || !enter()) {
      for (int i = 0; i < count; i += step) {
        body.run(i, Math.min(count, i + step));
      }
      return;
    }
    try {
      this.body = body;
      this.count = count;
      this.grain = step;
      failure = null;
      next.set(0);
      state.set(((state.get() >>> NUMBER) + 1) << NUMBER | OPEN); // publishes the fields above
      if (parked.get() > 0) {
        for (Thread worker : workers) {
          LockSupport.unpark(worker);
        }
      }
      drain();
      finish();
      this.body = null;
    } finally {
      leave();
    }
    rethrow(failure);
  }

  /** Lets nobody join any more, and waits for those who have: they read the fields of the loop. */
  private void finish() {
    long seen = state.get();
    while (!state.compareAndSet(seen, seen & ~OPEN)) {
      seen = state.get();
    }
    // A worker may have lost its core to another process: after a short spin let it have ours.
    for (int spins = 0; (state.get() & MEMBERS) != 0; spins++) {
      if (spins < SPINS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private synchronized boolean enter() {
    if (busy) {
      return false;
    }
    busy = true;
    return true;
  }

  private synchronized void leave() {
    busy = false;
  }

  private static void rethrow(Throwable t) {
    if (t instanceof RuntimeException e) {
      throw e;
    }
    if (t instanceof Error e) {
      throw e;
    }
  }

  private void drain() {
    int step = grain;
    int n = count;
    Range r = body;
    while (true) {
      int begin = next.getAndAdd(step);
      if (begin >= n || begin < 0) {
        return;
      }
      try {
        r.run(begin, Math.min(n, begin + step));
      } catch (Throwable t) {
        failure = t;
        next.set(n);
      }
    }
  }

  private void work() {
    long last = 0; // number of the last loop seen
    while (!closed) {
      long seen = await(last);
      last = seen >>> NUMBER;
      while ((seen & OPEN) != 0 && seen >>> NUMBER == last) {
        if (state.compareAndSet(seen, seen + 1)) {
          drain();
          state.decrementAndGet();
          break;
        }
        seen = state.get();
      }
    }
  }

  /** Waits for a loop after number {@code last}: spins for a while, then parks. */
  private long await(long last) {
    long start = System.nanoTime();
    long seen = state.get();
    while (seen >>> NUMBER == last && !closed) {
      if (System.nanoTime() - start < SPIN_NANOS) {
        Thread.onSpinWait();
      } else {
        parked.incrementAndGet();
        if (state.get() >>> NUMBER == last && !closed) { // after saying so: no wake-up is lost
          LockSupport.park(this);
        }
        parked.decrementAndGet();
      }
      seen = state.get();
    }
    return seen;
  }

  /** Ends the worker threads; the team must be idle. */
  @Override
  public void close() {
    closed = true;
    for (Thread worker : workers) {
      LockSupport.unpark(worker);
    }
  }
}
