package org.foretoken.emulator.sanitizer;

/** What runs now: serials of the launch, of the group's first phase and of the current phase. */
final class Phase {
  private int launchStart;
  private int groupStart;
  private int serial;

  void reset() {
    serial = 0;
  }

  void launchBegins() {
    serial++;
    launchStart = serial;
    groupStart = serial;
  }

  void groupBegins() {
    serial++;
    groupStart = serial;
  }

  void phaseBegins() {
    serial++;
  }

  int serial() {
    return serial;
  }

  int groupStart() {
    return groupStart;
  }

  /**
   * Whether an earlier access and one by {@code item} now have no order between them; what other
   * groups did to local memory does not matter.
   */
  boolean unordered(boolean local, int earlierSerial, int earlierItem, int item) {
    boolean concurrent =
        earlierSerial == serial
            || !local && earlierSerial >= launchStart && earlierSerial < groupStart;
    return concurrent && earlierItem != item;
  }
}
