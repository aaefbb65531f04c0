package uk.ac.manchester.tornado.api;

import org.foretoken.emulator.graph.GraphDefinition;

/** A closed {@link TaskGraph}; later changes of that graph do not reach it. */
public class ImmutableTaskGraph {
  private final GraphDefinition definition;

  ImmutableTaskGraph(GraphDefinition definition) {
    this.definition = definition;
  }

  GraphDefinition definition() {
    return definition;
  }
}
