package org.foretoken.emulator.sanitizer;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.foretoken.emulator.exec.AccessObserver;
import org.foretoken.emulator.exec.DeviceBuffer;
import org.foretoken.emulator.exec.KernelFault;
import org.foretoken.emulator.exec.KernelFault.Kind;
import org.foretoken.emulator.exec.WorkGroup;
import org.foretoken.emulator.exec.WorkItem;

/**
 * Watches every access of a kernel to global and local memory and throws at the first wrong one.
 *
 * <p>It lives as long as a plan; each launch names its arrays anew.
 */
public final class Sanitizer implements AccessObserver {
  private static final int SERIAL_LIMIT = 1 << 30;

  private final IdentityHashMap<Object, Shadow> shadows = new IdentityHashMap<>();
  private final Phase phase = new Phase();
  private final List<Tracked> tracked = new ArrayList<>();

  private Tracked[] watched = {};
  private String kernel = "";
  private WorkGroup group;
  private WorkItem item;
  private int itemNumber;
  private LoopItems loops;

  /** Begins a launch. */
  public void begin(String kernelName) {
    if (phase.serial() > SERIAL_LIMIT) {
      shadows.clear();
      phase.reset();
    }
    kernel = kernelName;
    loops = null;
    tracked.clear();
    watched = new Tracked[0];
    group = null;
    item = null;
    phase.launchBegins();
  }

  /** The launch's work items are the iterations of parallel loops. */
  void loops(LoopItems items) {
    loops = items;
  }

  /** Names a global array of the launch; {@code shared} tells whether items may race for it. */
  public void track(DeviceBuffer buffer, String name, boolean shared) {
    Object array = buffer.device();
    Shadow shadow =
        shared ? shadows.computeIfAbsent(array, _ -> new Shadow(buffer.size(), false)) : null;
    tracked.add(new Tracked(array, buffer.size(), name, buffer, shadow));
    watched = tracked.toArray(Tracked[]::new);
  }

  /** Forgets all arrays, which may then be collected. */
  public void forget() {
    shadows.clear();
    tracked.clear();
    watched = new Tracked[0];
  }

  @Override
  public void groupBegins(WorkGroup begun) {
    group = begun;
    phase.groupBegins();
    for (Tracked t : tracked) {
      if (t.isLocal()) {
        t.shadow.forgetCopies();
      }
    }
  }

  @Override
  public void phaseBegins() {
    phase.phaseBegins();
  }

  @Override
  public void enter(WorkItem entered) {
    item = entered;
    itemNumber = entered.global();
  }

  @Override
  public void allocated(Object array, int length) {
    if (find(array) == null) {
      String kind = array.getClass().componentType().getSimpleName();
      track(array, length, "local " + kind + "[" + length + "]");
    }
  }

  /** Gives a local array the name that the kernel has for it. */
  void named(Object array, String name) {
    Tracked t = find(array);
    if (t != null && !t.name.equals(name)) {
      tracked.set(tracked.indexOf(t), t.withName(name));
      watched = tracked.toArray(Tracked[]::new);
    }
  }

  /** The source line of the barrier that the item comes to. */
  void site(int line) {
    item.site(line);
  }

  LoopItems loops() {
    return loops;
  }

  @Override
  public void read(Object array, int index, int count) {
    Tracked t = find(array);
    if (t == null) {
      return;
    }
    int who = who();
    for (int i = index; i < index + count; i++) {
      requireInside(t, i, "read");
      requireContents(t, i);
      if (t.shadow != null) {
        int other = t.shadow.racesWithRead(i, phase, who);
        if (other != Shadow.NOBODY) {
          throw race(t, i, "read", other);
        }
        t.shadow.read(i, phase, who);
      }
    }
  }

  @Override
  public void write(Object array, int index, int count) {
    Tracked t = find(array);
    if (t == null) {
      return;
    }
    int who = who();
    for (int i = index; i < index + count; i++) {
      requireInside(t, i, "written");
      if (t.shadow != null) {
        if (t.isLocal()) {
          requireNoCopy(t, i);
        }
        requireOneWriter(t, i);
        int other = t.shadow.racesWithWrite(i, phase, who);
        if (other != Shadow.NOBODY) {
          throw race(t, i, "written", other);
        }
        t.shadow.write(i, phase, who);
      }
      if (!t.isLocal()) {
        t.buffer.define(i);
      }
    }
  }

  @Override
  public void atomic(Object array, int index) {
    Tracked t = find(array);
    if (t == null) {
      return;
    }
    requireInside(t, index, "added to");
    requireContents(t, index);
    if (t.shadow != null) {
      int other = t.shadow.racesWithAtomic(index, phase, who());
      if (other != Shadow.NOBODY) {
        throw race(t, index, "added to", other);
      }
      t.shadow.atomic(index, phase, who());
    }
  }

  @Override
  public void copyBegins(int[] array, int index) {
    write(array, index, 1);
    Tracked t = find(array);
    if (t != null) {
      t.shadow.copyBegins(index);
    }
  }

  @Override
  public void copyEnds(int[] array, int index) {
    Tracked t = find(array);
    if (t != null) {
      t.shadow.copyEnds(index);
    }
    write(array, index, 1);
  }

  private void track(Object array, int length, String name) {
    tracked.addFirst(new Tracked(array, length, name, null, new Shadow(length, true)));
    watched = tracked.toArray(Tracked[]::new);
  }

  private Tracked find(Object array) {
    for (Tracked t : watched) {
      if (t.array == array) {
        return t;
      }
    }
    return null;
  }

  private int who() {
    return loops == null ? itemNumber : loops.current();
  }

  private void requireInside(Tracked t, int index, String done) {
    if (index < 0 || index >= t.length) {
      throw fault(
          Kind.OUT_OF_BOUNDS,
          element(t, index) + " is " + done + ", expected an index below " + t.length);
    }
  }

  private void requireContents(Tracked t, int index) {
    if (t.isLocal() && !t.shadow.writtenSince(index, phase.groupStart())) {
      throw fault(
          Kind.UNWRITTEN_LOCAL,
          element(t, index) + " is read, but no work item of the group has written it");
    }
    if (!t.isLocal() && !t.buffer.isDefined(index)) {
      throw fault(Kind.ABSENT, element(t, index) + " is read, but " + t.buffer.whyAbsent());
    }
    if (t.isLocal()) {
      requireNoCopy(t, index);
    }
  }

  private void requireNoCopy(Tracked t, int index) {
    if (t.shadow.copyInFlight(index)) {
      throw fault(
          Kind.COPY_IN_FLIGHT,
          element(t, index)
              + " is the target of an asyncCopyToLocal that is still under way;"
              + " call asyncCopyCommit and asyncCopyWaitGroup, then a barrier");
    }
  }

  private void requireOneWriter(Tracked t, int index) {
    if (loops != null && loops.outside()) {
      throw fault(
          Kind.RACE,
          element(t, index)
              + " is written outside of a parallel loop, which every work item does; move the write"
              + " into the loop or into a task of its own");
    }
  }

  private KernelFault race(Tracked t, int index, String done, int other) {
    boolean barrierHelps = t.isLocal() || loops == null && sameGroup(other);
    return fault(
        Kind.RACE,
        element(t, index)
            + " is "
            + done
            + " here and was "
            + t.shadow.found()
            + " by "
            + describe(other)
            + (barrierHelps ? ", with no barrier in between" : ", and nothing orders the two"));
  }

  private boolean sameGroup(int other) {
    return other / group.range().groupSize() == itemNumber / group.range().groupSize();
  }

  private static String element(Tracked t, int index) {
    return t.name + "[" + index + "]";
  }

  private String describe(int number) {
    if (loops != null) {
      return loops.describe(number);
    }
    return group.range().describe(number);
  }

  private KernelFault fault(Kind kind, String what) {
    return new KernelFault(kind, kernel, describe(who()), what);
  }
}
