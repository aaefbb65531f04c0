package org.foretoken.kernels.host;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed team of threads that runs one parallel loop at a time; the caller is a member of it.
 *
 * <p>Results never depend on the number of threads: a loop body owns the indices it is given, and
 * no body combines values across indices that another thread may hold. Workers spin for a short
 * while after a loop, since the loops of a training step follow each other within microseconds, and
 * then park.
 */
public final class HostPool implements AutoCloseable {
  /** The body of a parallel loop over {@code [begin, end)}. */
  @FunctionalInterface
  public interface Range {
    /** Works on the indices from {@code begin} (inclusive) to {@code end} (exclusive). */
    void run(int begin, int end);
  }

  private static final long SPIN_NANOS = 50_000;
  private static final int SPINS_BEFORE_YIELD = 2_000;

  private static final class Shared {
    static final HostPool INSTANCE = new HostPool(defaultThreads());
  }

  private final Thread[] workers;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private volatile int generation; // written only by the thread that holds busy
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
      running.set(workers.length);
      generation++; // publishes the fields above
      for (Thread worker : workers) {
        LockSupport.unpark(worker);
      }
      drain();
      // A worker may have lost its core to another process: after a short spin let it have ours.
      for (int spins = 0; running.get() != 0; spins++) {
        if (spins < SPINS_BEFORE_YIELD) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
      this.body = null;
    } finally {
      leave();
    }
    rethrow(failure);
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
    int seen = 0;
    while (true) {
      long start = System.nanoTime();
      while (generation == seen) {
        if (closed) {
          return;
        }
        if (System.nanoTime() - start > SPIN_NANOS) {
          LockSupport.park(this);
        } else {
          Thread.onSpinWait();
        }
      }
      seen = generation;
      drain();
      running.decrementAndGet();
    }
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
