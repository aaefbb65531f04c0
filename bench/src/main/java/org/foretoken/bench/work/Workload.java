package org.foretoken.bench.work;

import org.foretoken.bench.measure.CheckFailure;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.suite.Peer;

/** The work of one case, ready to run: memory is allocated, operands are filled. */
public interface Workload extends AutoCloseable {
  /**
   * Computes the value once and compares it with a reference.
   *
   * @throws CheckFailure when it is not what it should be
   */
  void check();

  /** One call of ours. */
  Side ours();

  /**
   * One call of a peer on the same operands, checked.
   *
   * @throws NotMeasured when this machine or this work has no such peer
   * @throws CheckFailure when the peer's value is another
   */
  Side peer(Peer peer);

  /** Floating-point operations of a call; 0 where the work is not counted in them. */
  double flop();

  /** Bytes that a call must read and write; 0 where the work is not bound by them. */
  double bytes();

  /** What a call is: "call", "step", "token". */
  default String unit() {
    return "call";
  }

  @Override
  void close();
}
