package org.foretoken.kernels.codegen;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a work item, or for shared memory a group, of a compiled kernel takes.
 *
 * @param registers 32-bit registers of a work item, 255 at most
 * @param sharedBytes shared memory of a group
 * @param stackBytes local memory of a work item: arrays that are not in registers
 * @param spillStoreBytes bytes of registers stored to local memory for lack of room
 * @param spillLoadBytes bytes of registers loaded back
 */
public record KernelResources(
    int registers, int sharedBytes, int stackBytes, int spillStoreBytes, int spillLoadBytes) {
  private static final Pattern FRAME =
      Pattern.compile(
          "(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

  /** Reads what {@code ptxas -v} prints about one kernel; empty where it says nothing. */
  static Optional<KernelResources> parse(String report) {
    Matcher registers = REGISTERS.matcher(report);
    Matcher frame = FRAME.matcher(report);
    if (!registers.find() || !frame.find()) {
      return Optional.empty();
    }
    Matcher shared = SHARED.matcher(report);
    return Optional.of(
        new KernelResources(
            Integer.parseInt(registers.group(1)),
            shared.find() ? Integer.parseInt(shared.group(1)) : 0,
            Integer.parseInt(frame.group(1)),
            Integer.parseInt(frame.group(2)),
            Integer.parseInt(frame.group(3))));
  }

  /** The larger of both, number by number. */
  public KernelResources max(KernelResources other) {
    return new KernelResources(
        Math.max(registers, other.registers),
        Math.max(sharedBytes, other.sharedBytes),
        Math.max(stackBytes, other.stackBytes),
        Math.max(spillStoreBytes, other.spillStoreBytes),
        Math.max(spillLoadBytes, other.spillLoadBytes));
  }

  /** Whether registers did not suffice. */
  public boolean spills() {
    return spillStoreBytes > 0 || spillLoadBytes > 0;
  }
}
