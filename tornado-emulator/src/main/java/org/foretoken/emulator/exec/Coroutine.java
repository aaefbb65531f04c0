package org.foretoken.emulator.exec;

/**
 * A body that can stop in the middle and be taken up again, one at a time and in a fixed order.
 *
 * <p>The JDK's own continuations do this on one thread; where {@code jdk.internal.vm} is not
 * exported, a thread for each body takes turns with the caller, which is slower but behaves alike.
 */
abstract class Coroutine {
  private Throwable failure;
  private boolean finished;

  /** A coroutine that has not begun. */
  static Coroutine of(Runnable body) {
    return ContinuationCoroutine.AVAILABLE
        ? new ContinuationCoroutine(body)
        : new ThreadCoroutine(body);
  }

  /** Runs to the next {@link #suspend} or to the end, and passes on what the body throws. */
  final void resume() {
    proceed();
    if (failure != null) {
      Throwable thrown = failure;
      failure = null;
      throw sneaky(thrown);
    }
  }

  /** Whether the body has ended. */
  final boolean finished() {
    return finished;
  }

  /** Called by the body: returns to whoever called {@link #resume}. */
  abstract void suspend();

  /** Gives up a body that will not be taken up again. */
  void abandon() {}

  abstract void proceed();

  final void runToEnd(Runnable body) {
    try {
      body.run();
    } catch (Abandoned _) {
      // The owner knows.
    } catch (Throwable thrown) {
      failure = thrown;
    } finally {
      finished = true;
    }
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> RuntimeException sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }

  /** Unwinds a body that was given up. */
  static final class Abandoned extends Error {
    private static final long serialVersionUID = 1L;

    Abandoned() {
      super(null, null, false, false);
    }
  }
}
