package org.foretoken.emulator.graph;

import java.util.List;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;

/**
 * One task: a functional object that calls a static method, and what to call it with.
 *
 * @param graph name of the graph
 * @param id name within the graph
 * @param code an instance of one of the {@code TornadoFunctions.TaskN} interfaces, or the
 *     descriptor of a library task
 * @param arguments arrays, scalars and at most one kernel context, in the method's order
 * @param callSite where the task was declared
 */
public record TaskDefinition(
    String graph, String id, Object code, List<Object> arguments, StackWalker.StackFrame callSite) {

  /** The name that grid schedulers and messages use: {@code graph.task}. */
  public String name() {
    return graph + "." + id;
  }

  /** The descriptor of a library task, or null where the task is a kernel. */
  public LibraryTaskDescriptor library() {
    return code instanceof LibraryTaskDescriptor descriptor ? descriptor : null;
  }
}
