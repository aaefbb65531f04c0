package org.foretoken.bench.measure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.host.HostPool;

/**
 * A copy that moves as many bytes as a case does, half of them read and half written, on the same
 * threads: the ceiling of whatever is bound by memory. It takes part in the rounds like a peer,
 * because copy bandwidth changes with the size and with what else the machine does.
 */
public final class CopySide implements Side {
  private static final int CHUNK = 1 << 18;

  private final HostPool pool;
  private final MemorySegment from;
  private final MemorySegment to;
  private final long bytes;

  /** A copy of {@code moved / 2} bytes on all threads of {@code pool}. */
  public CopySide(HostPool pool, Arena arena, long moved) {
    this.pool = pool;
    bytes = Math.max(64, moved / 2);
    from = arena.allocate(bytes, 64).fill((byte) 1);
    to = arena.allocate(bytes, 64).fill((byte) 2);
  }

  /** Bytes that a call reads and writes. */
  public long moved() {
    return 2 * bytes;
  }

  @Override
  public long nanos(int calls) {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      int chunks = Math.toIntExact(Math.ceilDiv(bytes, CHUNK));
      pool.parallelFor(chunks, 1, this::copy);
    }
    return System.nanoTime() - start;
  }

  private void copy(int begin, int end) {
    long at = (long) begin * CHUNK;
    MemorySegment.copy(from, at, to, at, Math.min(bytes, (long) end * CHUNK) - at);
  }
}
