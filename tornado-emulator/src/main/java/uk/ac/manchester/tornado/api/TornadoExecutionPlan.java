package uk.ac.manchester.tornado.api;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.foretoken.emulator.exec.ExecutionRecord;
import org.foretoken.emulator.exec.PlanExecutor;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoDeviceNotFound;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * Executes closed task graphs, in order, and holds their data on the device in between.
 *
 * <p>Options that only steer a real device (streams, CUDA graphs, compiler flags, staging) are
 * accepted and change nothing here.
 */
public class TornadoExecutionPlan implements AutoCloseable {
  /** The device that plans run on unless told otherwise. */
  public static TornadoDevice DEFAULT_DEVICE =
      TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();

  private static final AtomicInteger PLANS = new AtomicInteger();

  private final PlanExecutor executor;
  private final int id = PLANS.incrementAndGet();
  private final List<String> trace = new ArrayList<>();
  private final List<TornadoExecutionResult> results = new ArrayList<>();
  private ProfilerMode profiler;

  /** A plan over one or more graphs. */
  public TornadoExecutionPlan(ImmutableTaskGraph... immutableTaskGraphs) {
    executor =
        new PlanExecutor(
            Arrays.stream(immutableTaskGraphs).map(ImmutableTaskGraph::definition).toList());
  }

  /** The device of a backend. */
  public static TornadoDevice getDevice(int driverIndex, int deviceIndex) {
    return TornadoRuntimeProvider.getTornadoRuntime()
        .getBackend(driverIndex)
        .getDevice(deviceIndex);
  }

  /** How many plans this JVM has made. */
  public static int getTotalPlans() {
    return PLANS.get();
  }

  /** All backends and devices. */
  public static TornadoDeviceMap getTornadoDeviceMap() {
    return new TornadoDeviceMap();
  }

  /** Runs the selected graphs once, data transfers included. */
  public TornadoExecutionResult execute() {
    ExecutionRecord record = executor.execute();
    TornadoProfilerResult profile = new TornadoProfilerResult(record, getTraceExecutionPlan());
    if (profiler == ProfilerMode.CONSOLE) {
      profile.dumpProfiles();
    }
    TornadoExecutionResult result = new TornadoExecutionResult(executor, profile);
    results.add(result);
    return result;
  }

  /** Executes only the graph of this index from now on. */
  public TornadoExecutionPlan withGraph(int graphIndex) {
    executor.select(graphIndex);
    return note("withGraph " + graphIndex);
  }

  /** Executes all graphs from now on. */
  public TornadoExecutionPlan withAllGraphs() {
    executor.selectAll();
    return note("withAllGraphs");
  }

  /** Prepares all kernels of the selected graphs without running them. */
  public TornadoExecutionPlan withPreCompilation() {
    executor.compile();
    return note("withPreCompilation");
  }

  /** Runs all tasks on this device, which has to be the emulator's. */
  public TornadoExecutionPlan withDevice(TornadoDevice device) {
    requireEmulated(device);
    return note("withDevice " + device.getDeviceName());
  }

  /** Runs one task on this device, which has to be the emulator's. */
  public TornadoExecutionPlan withDevice(String taskName, TornadoDevice device) {
    requireEmulated(device);
    return note("withDevice " + taskName + " " + device.getDeviceName());
  }

  /** Prints the options that were set. */
  public void printTraceExecutionPlan() {
    System.out.println(getTraceExecutionPlan());
  }

  /** The options that were set. */
  public String getTraceExecutionPlan() {
    return String.join("\n", trace);
  }

  @Override
  public String toString() {
    return "TornadoExecutionPlan " + id + trace;
  }

  /** Accepted; the emulator has one device. */
  public TornadoExecutionPlan withConcurrentDevices() {
    return note("withConcurrentDevices");
  }

  /** Accepted; the emulator has one device. */
  public TornadoExecutionPlan withoutConcurrentDevices() {
    return note("withoutConcurrentDevices");
  }

  /** The device of a graph. */
  public TornadoDevice getDevice(int immutableTaskGraphIndex) {
    return DEFAULT_DEVICE;
  }

  /** Forgets all data on the device. */
  public TornadoExecutionPlan freeDeviceMemory() {
    executor.free();
    return note("freeDeviceMemory");
  }

  /** Sets the worker grids of tasks. */
  public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
    executor.grids(gridScheduler);
    return note("withGridScheduler " + gridScheduler);
  }

  /** Forgets the worker grids. */
  public TornadoExecutionPlan withDefaultScheduler() {
    executor.grids(new GridScheduler());
    return note("withDefaultScheduler");
  }

  /** Measures executions. */
  public TornadoExecutionPlan withProfiler(ProfilerMode profilerMode) {
    profiler = profilerMode;
    return note("withProfiler " + profilerMode);
  }

  /** Stops printing measurements. */
  public TornadoExecutionPlan withoutProfiler() {
    profiler = null;
    return note("withoutProfiler");
  }

  /** Refuses executions that need more device memory than this, such as "512MB" or "2GB". */
  public TornadoExecutionPlan withMemoryLimit(String memoryLimit) {
    executor.memoryLimit(memoryLimit);
    return note("withMemoryLimit " + memoryLimit);
  }

  /** Lifts the memory limit. */
  public TornadoExecutionPlan withoutMemoryLimit() {
    executor.memoryLimit(null);
    return note("withoutMemoryLimit");
  }

  /** Forgets all data on the device. */
  public TornadoExecutionPlan resetDevice() {
    executor.free();
    return note("resetDevice");
  }

  /** This plan's number. */
  public long getId() {
    return id;
  }

  /** How many plans this JVM has made. */
  public long getGlobalExecutionPlansCounter() {
    return getTotalPlans();
  }

  /** Forgets earlier results. */
  public TornadoExecutionPlan clearProfiles() {
    results.clear();
    return note("clearProfiles");
  }

  /** Accepted; there is nothing to print. */
  public TornadoExecutionPlan withThreadInfo() {
    return note("withThreadInfo");
  }

  /** Accepted; there is nothing to print. */
  public TornadoExecutionPlan withoutThreadInfo() {
    return note("withoutThreadInfo");
  }

  /** Accepted; the emulator generates no code. */
  public TornadoExecutionPlan withPrintKernel() {
    return note("withPrintKernel");
  }

  /** Accepted; the emulator generates no code. */
  public TornadoExecutionPlan withoutPrintKernel() {
    return note("withoutPrintKernel");
  }

  /** Accepted; the emulator generates no code. */
  public TornadoExecutionPlan withCompilerFlags(
      TornadoVMBackendType backend, String compilerFlags) {
    return note("withCompilerFlags " + backend + " " + compilerFlags);
  }

  @Override
  public void close() throws TornadoExecutionPlanException {
    executor.close();
  }

  /** Bytes held on the device. */
  public long getCurrentDeviceMemoryUsage() {
    return executor.deviceBytes();
  }

  /** The result of the n-th execution, from 0. */
  public TornadoExecutionResult getPlanResult(int index) {
    if (index < 0 || index >= results.size()) {
      throw new TornadoRuntimeException(
          "execution plan: expected the index of one of "
              + results.size()
              + " results, found "
              + index);
    }
    return results.get(index);
  }

  /** Executes until this much time has passed, transfers and all side effects included. */
  public TornadoExecutionPlan withWarmUpTime(long milliseconds) throws InterruptedException {
    long end = System.nanoTime() + milliseconds * 1_000_000;
    do {
      executor.execute();
    } while (System.nanoTime() < end);
    return note("withWarmUpTime " + milliseconds);
  }

  /** Executes this many times, transfers and all side effects included. */
  public TornadoExecutionPlan withWarmUpIterations(int iterations) {
    for (int i = 0; i < iterations; i++) {
      executor.execute();
    }
    return note("withWarmUpIterations " + iterations);
  }

  /** Accepted; launches cost nothing here. */
  public TornadoExecutionPlan withCUDAGraph() {
    return note("withCUDAGraph");
  }

  /** Accepted; operations run in order here. */
  public TornadoExecutionPlan withIntraPlanConcurrency() {
    return note("withIntraPlanConcurrency");
  }

  /** Accepted; operations run in order here. */
  public TornadoExecutionPlan withoutIntraPlanConcurrency() {
    return note("withoutIntraPlanConcurrency");
  }

  /** Accepted; copies are direct here. */
  public TornadoExecutionPlan withStagedTransfers() {
    return note("withStagedTransfers");
  }

  /** Accepted; copies are direct here. */
  public TornadoExecutionPlan withoutStagedTransfers() {
    return note("withoutStagedTransfers");
  }

  private TornadoExecutionPlan note(String option) {
    trace.add(option);
    return this;
  }

  private static void requireEmulated(TornadoDevice device) {
    if (device != DEFAULT_DEVICE) {
      throw new TornadoDeviceNotFound(
          "execution plan: expected the emulator's device, found "
              + (device == null ? "null" : device.getDeviceName()));
    }
  }
}
