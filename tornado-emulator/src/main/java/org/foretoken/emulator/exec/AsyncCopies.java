package org.foretoken.emulator.exec;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * One work item's asynchronous copies to local memory.
 *
 * <p>A value is read when its copy is issued and lands when its group is waited for: a kernel that
 * forgets to wait finds what was there before.
 */
final class AsyncCopies {
  private record Copy(int[] target, int index, int value) {}

  private List<Copy> issued = new ArrayList<>();
  private final Deque<List<Copy>> committed = new ArrayDeque<>();

  void issue(AccessObserver observer, int[] target, int index, int value) {
    observer.copyBegins(target, index);
    issued.add(new Copy(target, index, value));
  }

  void commit() {
    committed.add(issued);
    issued = new ArrayList<>();
  }

  void waitGroup(AccessObserver observer, int groupsInFlight) {
    while (committed.size() > groupsInFlight) {
      for (Copy copy : committed.remove()) {
        copy.target[copy.index] = copy.value;
        observer.copyEnds(copy.target, copy.index);
      }
    }
  }

  void clear() {
    issued.clear();
    committed.clear();
  }
}
