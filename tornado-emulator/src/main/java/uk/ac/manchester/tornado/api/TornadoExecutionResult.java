package uk.ac.manchester.tornado.api;

import org.foretoken.emulator.exec.PlanExecutor;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** What an execution left behind: measurements, and data that the host may still ask for. */
public class TornadoExecutionResult {
  private final PlanExecutor executor;
  private final TornadoProfilerResult profile;

  TornadoExecutionResult(PlanExecutor executor, TornadoProfilerResult profile) {
    this.executor = executor;
    this.profile = profile;
  }

  /** The measurements. */
  public TornadoProfilerResult getProfilerResult() {
    return profile;
  }

  /** Copies arrays that were declared {@code UNDER_DEMAND} (or persisted) to the host. */
  public TornadoExecutionResult transferToHost(Object... objects) {
    for (Object object : objects) {
      executor.transferToHost(object);
    }
    return this;
  }

  /** Copies a part of an array to the host. */
  public TornadoExecutionResult transferToHost(DataRange dataRange) {
    dataRange.materialize();
    executor.transferToHost(
        dataRange.getArray(),
        dataRange.getOffset() - TornadoNativeArray.ARRAY_HEADER,
        dataRange.getPartialSize());
    return this;
  }

  /** True: the emulator returns when everything has run. */
  public boolean isReady() {
    return true;
  }
}
