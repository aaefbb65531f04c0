package org.foretoken.bench.work;

import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.suite.BenchDevice;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.cli.Devices;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;

/**
 * The device of a case, and the threads that belong to it.
 *
 * @param backend the device
 * @param pool threads of the host; closed with the place unless it is the process's own
 */
record Places(Backend backend, HostPool pool) implements AutoCloseable {
  /**
   * Opens the device of a case.
   *
   * @throws NotMeasured when this process has no such device
   */
  static Places open(SuiteCase c) {
    HostPool pool = c.threads() == 0 ? HostPool.shared() : new HostPool(c.threads());
    if (c.device() == BenchDevice.HOST) {
      return new Places(new HostBackend(pool, false), pool);
    }
    try {
      return new Places(Devices.open(c.device().label(), false, c.road()), pool);
    } catch (InputException e) {
      throw new NotMeasured(e.getMessage().replaceFirst("^--device: ", ""), e);
    }
  }

  @Override
  public void close() {
    backend.close();
    if (pool != HostPool.shared()) {
      pool.close();
    }
  }
}
