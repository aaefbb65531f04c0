package org.foretoken.emulator.code;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** An operand stack whose entries are sets of possible origins. */
public final class OperandStack {
  private static final Entry UNKNOWN = new Entry(Set.of(new Value.Unknown()), false);

  private final List<Entry> entries;

  private record Entry(Set<Value> values, boolean wide) {}

  OperandStack() {
    entries = new ArrayList<>();
  }

  private OperandStack(List<Entry> entries) {
    this.entries = new ArrayList<>(entries);
  }

  OperandStack copy() {
    return new OperandStack(entries);
  }

  /** The origins of the value {@code depth} entries below the top. */
  public Set<Value> peek(int depth) {
    int at = entries.size() - 1 - depth;
    return at < 0 ? UNKNOWN.values : entries.get(at).values;
  }

  void push(Set<Value> values, boolean wide) {
    entries.add(new Entry(values, wide));
  }

  void pushUnknown(boolean wide) {
    push(UNKNOWN.values, wide);
  }

  Set<Value> pop() {
    return entries.isEmpty() ? UNKNOWN.values : entries.removeLast().values;
  }

  void pop(int count) {
    for (int i = 0; i < count; i++) {
      pop();
    }
  }

  /** Pops one wide entry or two narrow ones. */
  void popPair() {
    boolean wide = !entries.isEmpty() && entries.getLast().wide;
    pop(wide ? 1 : 2);
  }

  /** Repeats the top {@code words} words below {@code below} more words. */
  void duplicate(int words, int below) {
    int from = start(entries.size(), words);
    List<Entry> top = List.copyOf(entries.subList(from, entries.size()));
    entries.addAll(start(from, below), top);
  }

  void swap() {
    if (entries.size() >= 2) {
      entries.add(entries.size() - 1, entries.removeLast());
    }
  }

  /** The entry where {@code words} words below {@code end} begin. */
  private int start(int end, int words) {
    int at = end;
    int left = words;
    while (left > 0 && at > 0) {
      at--;
      left -= entries.get(at).wide ? 2 : 1;
    }
    return at;
  }
}
