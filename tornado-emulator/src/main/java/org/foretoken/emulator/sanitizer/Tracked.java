package org.foretoken.emulator.sanitizer;

import org.foretoken.emulator.exec.DeviceBuffer;

/**
 * An array under watch.
 *
 * @param shadow who touched its elements
 * @param name what the kernel calls it
 * @param buffer its device memory, or null for local memory
 * @param reduced whether it is a {@code @Reduce} parameter, which the device combines by itself
 */
record Tracked(Shadow shadow, String name, DeviceBuffer buffer, boolean reduced) {
  boolean isLocal() {
    return buffer == null;
  }
}
