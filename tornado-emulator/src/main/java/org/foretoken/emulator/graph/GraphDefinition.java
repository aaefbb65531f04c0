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

  /** Whether the graph lets the host ask for the object. */
  public boolean offersToHost(Object object) {
    return toHost.stream().anyMatch(t -> t.object() == object) || persists(object);
  }

  /** Whether the graph leaves the object on the device for others. */
  public boolean persists(Object object) {
    return persisted.stream().anyMatch(p -> p == object);
  }
}
