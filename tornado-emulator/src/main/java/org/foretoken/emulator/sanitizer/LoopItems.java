package org.foretoken.emulator.sanitizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The iterations of nested parallel loops as work items.
 *
 * <p>A device gives every iteration of the nest to a work item of its own, by its ordinal along
 * each loop, so iterations of two loops of a method with the same ordinals are one item. Code
 * outside of a loop of the nest is run by all items.
 */
final class LoopItems {
  private static final int OUTSIDE = -2;
  private static final int DIGIT_BITS = 21;

  private final List<String> variables;
  private final long[] ordinal;
  private final int[] first;
  private final int[] step;
  private final boolean[] active;
  private final Map<Long, Integer> numbers = new HashMap<>();
  private final List<String> names = new ArrayList<>();
  private int open;
  private int current;

  /** For a method whose parallel loops nest as deep as there are variables. */
  LoopItems(List<String> variables) {
    this.variables = variables;
    int depth = variables.size();
    ordinal = new long[depth];
    first = new int[depth];
    step = new int[depth];
    active = new boolean[depth];
    number();
  }

  void begin(int dimension, int value) {
    if (!active[dimension]) {
      active[dimension] = true;
      open++;
    }
    ordinal[dimension] = 0;
    first[dimension] = value;
    number();
  }

  void next(int dimension, int value) {
    ordinal[dimension]++;
    if (ordinal[dimension] == 1) {
      step[dimension] = value - first[dimension];
    }
    number();
  }

  void end(int dimension) {
    if (active[dimension]) {
      active[dimension] = false;
      open--;
      number();
    }
  }

  /** The number of the work item at hand. */
  int current() {
    return current;
  }

  /** Whether the code at hand is run by more than one work item. */
  boolean outside() {
    return open < variables.size();
  }

  /** A work item in words. */
  String describe(int number) {
    if (variables.isEmpty()) {
      return "the only work item";
    }
    if (number == OUTSIDE) {
      return "every work item, outside of the parallel loop";
    }
    if (variables.size() == 1) {
      return "iteration " + variables.getFirst() + " = " + value(0, number);
    }
    return names.get(number);
  }

  private void number() {
    if (variables.isEmpty()) {
      current = 0;
    } else if (open == 0) {
      current = OUTSIDE;
    } else if (variables.size() == 1) {
      current = (int) ordinal[0];
    } else {
      long key = 0;
      for (int d = 0; d < ordinal.length; d++) {
        key = key << DIGIT_BITS | (active[d] ? ordinal[d] + 1 : 0);
      }
      current = numbers.computeIfAbsent(key, _ -> newName());
    }
  }

  private int newName() {
    StringBuilder name = new StringBuilder("iteration ");
    for (int d = 0; d < ordinal.length; d++) {
      name.append(d == 0 ? "" : ", ").append(variables.get(d)).append(" = ");
      name.append(active[d] ? String.valueOf(value(d, ordinal[d])) : "all");
    }
    names.add(name.toString());
    return names.size() - 1;
  }

  private long value(int dimension, long ordinalOf) {
    return first[dimension] + ordinalOf * step[dimension];
  }
}
