package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every index once, whoever wakes when; failures reach the caller. */
@Timeout(120)
class HostPoolTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void everyIndexRunsOnceInLoopsThatFollowEachOtherAtAnyDistance(int threads) {
    try (HostPool pool = new HostPool(threads)) {
      for (int round = 0; round < 4_000; round++) {
        int count = 1 + round % 37;
        AtomicIntegerArray runs = new AtomicIntegerArray(count);
        pool.parallelFor(
            count,
            1 + round % 3,
            (begin, end) -> {
              for (int i = begin; i < end; i++) {
                runs.incrementAndGet(i);
              }
            });
        for (int i = 0; i < count; i++) {
          assertThat(runs.get(i)).as("round %d, index %d", round, i).isEqualTo(1);
        }
        if (round % 500 == 0) {
          pause(400_000L); // workers are parked by then
        } else if (round % 7 == 0) {
          pause(round * 20L);
        }
      }
    }
  }

  @Test
  void workIsSharedWhenItLastsLongEnough() {
    try (HostPool pool = new HostPool(2)) {
      ConcurrentHashMap<Thread, Boolean> seen = new ConcurrentHashMap<>();
      // A worker that has to be woken may come too late for one loop, hardly for all of these.
      for (int round = 0; round < 50 && seen.size() < 2; round++) {
        pool.parallelFor(
            64,
            1,
            (begin, end) -> {
              seen.put(Thread.currentThread(), true);
              pause(1_000_000L);
            });
      }
      assertThat(seen).hasSize(2);
    }
  }

  @Test
  void loopInsideALoopRunsOnItsOwnThread() {
    try (HostPool pool = new HostPool(3)) {
      AtomicInteger sum = new AtomicInteger();
      pool.parallelFor(
          8,
          1,
          (begin, end) -> {
            Thread outer = Thread.currentThread();
            pool.parallelFor(
                10,
                1,
                (b, e) -> {
                  assertThat(Thread.currentThread()).isSameAs(outer);
                  sum.addAndGet(e - b);
                });
          });
      assertThat(sum).hasValue(80);
    }
  }

  @Test
  void failureReachesTheCallerAndTheTeamGoesOn() {
    try (HostPool pool = new HostPool(2)) {
      for (int round = 0; round < 200; round++) {
        assertThatThrownBy(
                () ->
                    pool.parallelFor(
                        20,
                        1,
                        (begin, end) -> {
                          if (begin == 11) {
                            throw new IllegalStateException("index 11");
                          }
                        }))
            .hasMessage("index 11");
        AtomicInteger done = new AtomicInteger();
        pool.parallelFor(20, 1, (begin, end) -> done.addAndGet(end - begin));
        assertThat(done).hasValue(20);
      }
    }
  }

  private static void pause(long nanos) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < nanos) {
      Thread.onSpinWait();
    }
  }
}
