package uk.ac.manchester.tornado.api;

import org.foretoken.emulator.exec.ExecutionRecord;
import uk.ac.manchester.tornado.api.profiler.ProfilerInterface;

/** Measurements of one execution; times in nanoseconds of this machine's clock. */
public class TornadoProfilerResult implements ProfilerInterface {
  private final ExecutionRecord record;
  private final String trace;

  TornadoProfilerResult(ExecutionRecord record, String trace) {
    this.record = record;
    this.trace = trace;
  }

  @Override
  public long getTotalTime() {
    return record.totalNanos();
  }

  @Override
  public long getCompileTime() {
    return 0;
  }

  @Override
  public long getTornadoCompilerTime() {
    return 0;
  }

  @Override
  public long getDriverInstallTime() {
    return 0;
  }

  @Override
  public long getDataTransfersTime() {
    return getDeviceWriteTime() + getDeviceReadTime();
  }

  @Override
  public long getDeviceWriteTime() {
    return record.writeNanos();
  }

  @Override
  public long getDeviceReadTime() {
    return record.readNanos();
  }

  @Override
  public long getDataTransferDispatchTime() {
    return 0;
  }

  @Override
  public long getKernelDispatchTime() {
    return 0;
  }

  @Override
  public long getDeviceKernelTime() {
    return record.kernelNanos();
  }

  @Override
  public String getProfileLog() {
    return "{\"totalTime\": "
        + getTotalTime()
        + ", \"kernelTime\": "
        + getDeviceKernelTime()
        + ", \"copyInTime\": "
        + getDeviceWriteTime()
        + ", \"copyOutTime\": "
        + getDeviceReadTime()
        + ", \"copyInBytes\": "
        + getTotalBytesCopyIn()
        + ", \"copyOutBytes\": "
        + getTotalBytesCopyOut()
        + "}";
  }

  @Override
  public long getTotalBytesCopyIn() {
    return record.bytesIn();
  }

  @Override
  public long getTotalBytesCopyOut() {
    return record.bytesOut();
  }

  /** Prints {@link #getProfileLog}. */
  public void dumpProfiles() {
    System.out.println(getProfileLog());
  }

  @Override
  public long getTotalBytesTransferred() {
    return getTotalBytesCopyIn() + getTotalBytesCopyOut();
  }

  @Override
  public long getTotalDeviceMemoryUsage() {
    return record.deviceBytes();
  }

  /** The plan's options. */
  public String getTraceExecutionPlan() {
    return trace;
  }
}
