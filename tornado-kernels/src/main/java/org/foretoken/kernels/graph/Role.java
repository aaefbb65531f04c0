package org.foretoken.kernels.graph;

/** Who owns a tensor's memory, and for how long. */
public enum Role {
  /** A trained weight: resident on the device, shared by name between the graphs of a backend. */
  PARAMETER(true),
  /** Other resident memory: gradients, optimizer moments, key-value caches, quantized weights. */
  STATE(true),
  /** Written by the caller before a run. */
  INPUT(true),
  /** Read by the caller after a run. */
  OUTPUT(true),
  /** Lives from its first write to its last read within a run; its memory is reused. */
  TRANSIENT(false);

  private final boolean resident;

  Role(boolean resident) {
    this.resident = resident;
  }

  /** Whether the tensor keeps its memory between runs. */
  public boolean resident() {
    return resident;
  }
}
