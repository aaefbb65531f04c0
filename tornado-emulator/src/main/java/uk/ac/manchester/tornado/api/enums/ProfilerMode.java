package uk.ac.manchester.tornado.api.enums;

/** Where profiling figures go. */
public enum ProfilerMode {
  /** Printed after each execution. */
  CONSOLE,
  /** Kept for the execution result. */
  SILENT
}
