package org.foretoken.cli;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Seconds for a whole run. Work that has not begun when they are over is skipped, and work that is
 * not done by then is left behind on its thread, which ends with the process: nothing stops a
 * kernel on a device.
 */
public final class TimeBudget implements AutoCloseable {
  private final double seconds;
  private final long end;
  private final ExecutorService worker;
  private boolean leftBehind;

  /** A budget that begins now; no limit where {@code seconds} is 0. */
  public TimeBudget(double seconds) {
    this.seconds = seconds;
    this.end = System.nanoTime() + (long) (seconds * 1e9);
    // One thread for all work: a device is opened, used and closed by the same one.
    this.worker =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("bench").factory());
  }

  /**
   * Runs {@code work}, or says why it has no result.
   *
   * @param otherwise makes a result from the reason
   */
  public <T> T run(Supplier<T> work, Function<String, T> otherwise) {
    if (seconds <= 0) {
      return work.get();
    }
    long left = end - System.nanoTime();
    if (leftBehind || left <= 0) {
      return otherwise.apply("skipped: the time budget of " + seconds + " s was spent");
    }
    Future<T> result = worker.submit(work::get);
    try {
      return result.get(left, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      leftBehind = true;
      return otherwise.apply("not done when the time budget of " + seconds + " s was spent");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** Whether the seconds are over. */
  public boolean spent() {
    return seconds > 0 && System.nanoTime() >= end;
  }

  @Override
  public void close() {
    worker.shutdown();
  }
}
