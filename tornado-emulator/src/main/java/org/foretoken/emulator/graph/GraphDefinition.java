package org.foretoken.emulator.graph;

import java.util.List;

/** A closed task graph: data in, tasks in order, data out. */
public record GraphDefinition(
    String name,
    List<Transfer> toDevice,
    List<Consumed> consumed,
    List<TaskDefinition> tasks,
    List<Transfer> toHost,
    List<Object> persisted) {

  /** Whether the graph leaves the object on the device for others. */
  public boolean persists(Object object) {
    return persisted.stream().anyMatch(p -> p == object);
  }
}
