package org.foretoken.bench.jmh;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.foretoken.kernels.host.HostPool;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What memory allows a loop of the Vector API that computes next to nothing, beside a copy of as
 * many bytes: a quantizer's traffic is {@link #readFourWriteOne}, a dequantizer's {@link
 * #readOneWriteFour}. All move 640 MiB in and 640 MiB out, or 1 GiB one way and 256 MiB the other.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 7, time = 1)
@Fork(1)
public class MemoryBenchmark {
  private static final long LARGE = 1L << 30;
  private static final long SMALL = LARGE / 4;
  private static final int PIECE = 1 << 20;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int BYTES = INTS.vectorByteSize();
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  private final AtomicInteger kept = new AtomicInteger();
  private Arena arena;
  private MemorySegment large;
  private MemorySegment other;

  /** Touches all pages. */
  @Setup
  public void setUp() {
    arena = Arena.ofShared();
    large = arena.allocate(LARGE, 4096).fill((byte) 1);
    other = arena.allocate(LARGE, 4096).fill((byte) 2);
  }

  /** Frees them. */
  @TearDown
  public void tearDown() {
    arena.close();
  }

  /** A copy that moves as many bytes as the loops below. */
  @Benchmark
  public void copy() {
    long bytes = (LARGE + SMALL) / 2;
    int pieces = (int) (bytes / (4L * PIECE));
    HostPool.shared()
        .parallelFor(
            pieces,
            1,
            (begin, end) -> {
              long at = 4L * PIECE * begin;
              MemorySegment.copy(large, at, other, at, 4L * PIECE * (end - begin));
            });
  }

  /** The largest of 1 GiB of numbers. */
  @Benchmark
  public int read() {
    pieces((from, to) -> kept.accumulateAndGet(largest(large, from, to), Math::max));
    return kept.get();
  }

  /** Each vector of 256 MiB becomes the largest of four. */
  @Benchmark
  public void readFourWriteOne() {
    pieces((from, to) -> fold(large, other, from, to));
  }

  /** Each vector of 256 MiB is written four times. */
  @Benchmark
  public void readOneWriteFour() {
    pieces((from, to) -> unfold(other, large, from, to));
  }

  private interface Piece {
    void run(long from, long to);
  }

  private static void pieces(Piece piece) {
    HostPool.shared()
        .parallelFor(
            (int) (LARGE / PIECE),
            1,
            (begin, end) -> piece.run((long) begin * PIECE, (long) end * PIECE));
  }

  private static int largest(MemorySegment x, long from, long to) {
    IntVector a = IntVector.zero(INTS);
    IntVector b = a;
    for (long i = from; i < to; i += 4L * BYTES) {
      IntVector c = IntVector.fromMemorySegment(INTS, x, i, LITTLE);
      IntVector d = IntVector.fromMemorySegment(INTS, x, i + BYTES, LITTLE);
      IntVector e = IntVector.fromMemorySegment(INTS, x, i + 2L * BYTES, LITTLE);
      IntVector f = IntVector.fromMemorySegment(INTS, x, i + 3L * BYTES, LITTLE);
      a = a.max(c.max(d));
      b = b.max(e.max(f));
    }
    return a.max(b).reduceLanes(VectorOperators.MAX);
  }

  private static void fold(MemorySegment x, MemorySegment y, long from, long to) {
    for (long i = from; i < to; i += 4L * BYTES) {
      IntVector a = IntVector.fromMemorySegment(INTS, x, i, LITTLE);
      IntVector b = IntVector.fromMemorySegment(INTS, x, i + BYTES, LITTLE);
      IntVector c = IntVector.fromMemorySegment(INTS, x, i + 2L * BYTES, LITTLE);
      IntVector d = IntVector.fromMemorySegment(INTS, x, i + 3L * BYTES, LITTLE);
      a.max(b).max(c.max(d)).intoMemorySegment(y, i / 4, LITTLE);
    }
  }

  private static void unfold(MemorySegment x, MemorySegment y, long from, long to) {
    for (long i = from; i < to; i += 4L * BYTES) {
      IntVector a = IntVector.fromMemorySegment(INTS, x, i / 4, LITTLE);
      a.intoMemorySegment(y, i, LITTLE);
      a.add(1).intoMemorySegment(y, i + BYTES, LITTLE);
      a.add(2).intoMemorySegment(y, i + 2L * BYTES, LITTLE);
      a.add(3).intoMemorySegment(y, i + 3L * BYTES, LITTLE);
    }
  }
}
