package org.foretoken.emulator.sanitizer;

import org.foretoken.emulator.exec.DeviceBuffer;

/** An array under watch. */
final class Tracked {
  final Object array;
  final int length;
  final String name;

  /** Its device memory, or null for local memory. */
  final DeviceBuffer buffer;

  /**
   * Who touched its elements, or null if nobody can race for them: read only, or {@code @Reduce}.
   */
  final Shadow shadow;

  Tracked(Object array, int length, String name, DeviceBuffer buffer, Shadow shadow) {
    this.array = array;
    this.length = length;
    this.name = name;
    this.buffer = buffer;
    this.shadow = shadow;
  }

  boolean isLocal() {
    return buffer == null;
  }

  Tracked withName(String newName) {
    return new Tracked(array, length, newName, buffer, shadow);
  }
}
