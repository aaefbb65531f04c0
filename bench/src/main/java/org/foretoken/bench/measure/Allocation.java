package org.foretoken.bench.measure;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Bytes of Java heap that a call takes, over all threads of the process. */
public final class Allocation {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocation() {}

  /**
   * Bytes that one call of a warm side allocates. Other threads of the JVM count too, so a few
   * bytes of a background thread can show; the least of three measurements is taken.
   */
  public static long bytesPerCall(Side side, int calls) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      long before = THREADS.getTotalThreadAllocatedBytes();
      side.nanos(calls);
      least = Math.min(least, THREADS.getTotalThreadAllocatedBytes() - before);
    }
    return least / calls;
  }
}
