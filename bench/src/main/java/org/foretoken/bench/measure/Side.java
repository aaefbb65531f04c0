package org.foretoken.bench.measure;

/** One of the programs that a case times by turns on the same work. */
public interface Side extends AutoCloseable {
  /** Does the work {@code calls} times and returns the nanoseconds that it took in all. */
  long nanos(int calls);

  /** Lets threads that go on spinning after the work come to rest before another side runs. */
  default void rest() {}

  /** Frees what the side alone holds. */
  @Override
  default void close() {}

  /** A side whose call is {@code work}. */
  static Side of(Runnable work) {
    return calls -> {
      long start = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        work.run();
      }
      return System.nanoTime() - start;
    };
  }

  /** A side whose call is {@code work} and whose threads rest as {@code rest} says. */
  static Side of(Runnable work, Runnable rest) {
    Side plain = of(work);
    return new Side() {
      @Override
      public long nanos(int calls) {
        return plain.nanos(calls);
      }

      @Override
      public void rest() {
        rest.run();
      }
    };
  }
}
