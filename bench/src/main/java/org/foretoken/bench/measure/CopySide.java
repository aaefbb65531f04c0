package org.foretoken.bench.measure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.host.HostPool;

/**
 * A copy that moves as many bytes as a case does, half of them read and half written, on the same
 * threads: the ceiling of whatever is bound by memory. It takes part in the rounds like a peer,
 * because copy bandwidth changes with the size and with what else the machine does.
 *
 * <p>Pieces are large or small, whichever is faster here: from 2.5 MiB on HotSpot copies with
 * stores that bypass the caches where the processor has AVX-512, which spares memory the read of
 * each line that is written, while smaller pieces stay in the caches.
 */
public final class CopySide implements Side {
  private static final int[] CHUNKS = {1 << 18, 1 << 22};
  private static final int TRIALS = 5;

  private final HostPool pool;
  private final MemorySegment from;
  private final MemorySegment to;
  private final long bytes;
  private int chunk = CHUNKS[0];

  /** A copy of {@code moved / 2} bytes on all threads of {@code pool}. */
  public CopySide(HostPool pool, Arena arena, long moved) {
    this.pool = pool;
    bytes = Math.max(64, moved / 2);
    from = arena.allocate(bytes, 64).fill((byte) 1);
    to = arena.allocate(bytes, 64).fill((byte) 2);
    chunk = fastest();
  }

  private int fastest() {
    int best = CHUNKS[0];
    long least = Long.MAX_VALUE;
    for (int trial = 0; trial < TRIALS; trial++) {
      for (int candidate : CHUNKS) {
        chunk = candidate;
        long nanos = nanos(1);
        if (nanos < least) {
          least = nanos;
          best = candidate;
        }
      }
    }
    return best;
  }

  /** Bytes that a call reads and writes. */
  public long moved() {
    return 2 * bytes;
  }

  @Override
  public long nanos(int calls) {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      int chunks = Math.toIntExact(Math.ceilDiv(bytes, chunk));
      pool.parallelFor(chunks, 1, this::copy);
    }
    return System.nanoTime() - start;
  }

  private void copy(int begin, int end) {
    long at = (long) begin * chunk;
    MemorySegment.copy(from, at, to, at, Math.min(bytes, (long) end * chunk) - at);
  }
}
