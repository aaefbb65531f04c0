package org.foretoken.emulator.exec;

/** What one execution of a plan moved and how long it took; times in nanoseconds. */
public final class ExecutionRecord {
  long totalNanos;
  long writeNanos;
  long kernelNanos;
  long readNanos;
  long bytesIn;
  long bytesOut;
  long deviceBytes;

  /** From first copy in to last copy out. */
  public long totalNanos() {
    return totalNanos;
  }

  /** Copies to the device. */
  public long writeNanos() {
    return writeNanos;
  }

  /** Tasks. */
  public long kernelNanos() {
    return kernelNanos;
  }

  /** Copies to the host. */
  public long readNanos() {
    return readNanos;
  }

  /** Bytes copied to the device. */
  public long bytesIn() {
    return bytesIn;
  }

  /** Bytes copied to the host. */
  public long bytesOut() {
    return bytesOut;
  }

  /** Bytes held on the device afterwards. */
  public long deviceBytes() {
    return deviceBytes;
  }
}
