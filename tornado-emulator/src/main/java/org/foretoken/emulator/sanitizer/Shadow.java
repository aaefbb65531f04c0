package org.foretoken.emulator.sanitizer;

import java.util.Arrays;

/**
 * Who touched each element of one array last, and when.
 *
 * <p>An access is packed as (serial of its phase, work item). Serials only grow: over groups, over
 * the phases of a group, and over launches. So two accesses are unordered if neither of these
 * holds: they are of one work item; they are of one group but of different phases. One slot for
 * writes, and for reads and atomics each three (two items of the current phase, one of an earlier
 * group), are enough to find some unordered pair wherever there is one.
 */
final class Shadow {
  static final int NOBODY = -1;

  private static final long NEVER = -1L << 32;

  private final int length;
  private final boolean local;
  private final long[] writes;
  private final Readers readers;
  private Readers atomics;
  private byte[] copiesInFlight;
  private String found = "";

  Shadow(int length, boolean local) {
    this.local = local;
    this.length = length;
    writes = new long[length];
    Arrays.fill(writes, NEVER);
    readers = new Readers(length, local);
  }

  /** Whether anybody wrote the element at or after this serial. */
  boolean writtenSince(int index, int serial) {
    return serialOf(writes[index]) >= serial;
  }

  /** The item whose earlier access makes a read a race, or {@link #NOBODY}. */
  int racesWithRead(int index, Phase phase, int item) {
    long write = writes[index];
    if (phase.unordered(local, serialOf(write), itemOf(write), item)) {
      found = "written";
      return itemOf(write);
    }
    found = "added to";
    return atomics == null ? NOBODY : atomics.unordered(index, phase, item);
  }

  /** The item whose earlier access makes a write a race, or {@link #NOBODY}. */
  int racesWithWrite(int index, Phase phase, int item) {
    int other = racesWithRead(index, phase, item);
    if (other != NOBODY) {
      return other;
    }
    found = "read";
    return readers.unordered(index, phase, item);
  }

  /** The item whose earlier access makes an atomic a race, or {@link #NOBODY}. */
  int racesWithAtomic(int index, Phase phase, int item) {
    long write = writes[index];
    if (phase.unordered(local, serialOf(write), itemOf(write), item)) {
      found = "written";
      return itemOf(write);
    }
    found = "read";
    return readers.unordered(index, phase, item);
  }

  /** What the item did that was found last: written, read or added to. */
  String found() {
    return found;
  }

  void read(int index, Phase phase, int item) {
    readers.note(index, phase, item);
  }

  void write(int index, Phase phase, int item) {
    writes[index] = pack(phase.serial(), item);
  }

  void atomic(int index, Phase phase, int item) {
    if (atomics == null) {
      atomics = new Readers(length, local);
    }
    atomics.note(index, phase, item);
  }

  void copyBegins(int index) {
    if (copiesInFlight == null) {
      copiesInFlight = new byte[length];
    }
    copiesInFlight[index]++;
  }

  void copyEnds(int index) {
    copiesInFlight[index]--;
  }

  boolean copyInFlight(int index) {
    return copiesInFlight != null && copiesInFlight[index] > 0;
  }

  void forgetCopies() {
    copiesInFlight = null;
  }

  private static long pack(int serial, int item) {
    return (long) serial << 32 | item & 0xFFFFFFFFL;
  }

  private static int serialOf(long access) {
    return (int) (access >> 32);
  }

  private static int itemOf(long access) {
    return (int) access;
  }

  /** Up to three items that read each element, or added to it. */
  private static final class Readers {
    private final boolean local;
    private final long[] first;
    private final int[] second;
    private final long[] earlierGroup;

    Readers(int length, boolean local) {
      this.local = local;
      first = new long[length];
      second = new int[length];
      earlierGroup = new long[length];
      Arrays.fill(first, NEVER);
      Arrays.fill(earlierGroup, NEVER);
    }

    void note(int index, Phase phase, int item) {
      long last = first[index];
      if (serialOf(last) == phase.serial()) {
        if (itemOf(last) != item) {
          second[index] = item;
        }
        return;
      }
      if (serialOf(last) < phase.groupStart()) {
        earlierGroup[index] = last;
      }
      first[index] = pack(phase.serial(), item);
      second[index] = NOBODY;
    }

    int unordered(int index, Phase phase, int item) {
      long one = first[index];
      if (phase.unordered(local, serialOf(one), itemOf(one), item)) {
        return itemOf(one);
      }
      if (serialOf(one) == phase.serial() && second[index] != NOBODY && second[index] != item) {
        return second[index];
      }
      long other = earlierGroup[index];
      return phase.unordered(local, serialOf(other), itemOf(other), item) ? itemOf(other) : NOBODY;
    }
  }
}
