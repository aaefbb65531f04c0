package org.foretoken.emulator.exec;

import java.util.concurrent.Semaphore;

/** A coroutine on a virtual thread of its own that takes turns with the caller. */
final class ThreadCoroutine extends Coroutine {
  private final Semaphore bodyTurn = new Semaphore(0);
  private final Semaphore callerTurn = new Semaphore(0);
  private final Thread thread;
  private boolean started;
  private volatile boolean abandoned;

  ThreadCoroutine(Runnable body) {
    thread =
        Thread.ofVirtual()
            .name("work-item")
            .unstarted(
                () -> {
                  runToEnd(body);
                  callerTurn.release();
                });
  }

  @Override
  void proceed() {
    if (started) {
      bodyTurn.release();
    } else {
      started = true;
      thread.start();
    }
    callerTurn.acquireUninterruptibly();
  }

  @Override
  void suspend() {
    callerTurn.release();
    bodyTurn.acquireUninterruptibly();
    if (abandoned) {
      throw new Abandoned();
    }
  }

  @Override
  void abandon() {
    if (started && !finished()) {
      abandoned = true;
      proceed();
    }
  }
}
