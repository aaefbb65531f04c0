package org.foretoken.emulator;

import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/** What most tests do around a kernel. */
final class Launch {
  private Launch() {}

  /** Executes a graph once. */
  static TornadoExecutionResult once(TaskGraph graph) {
    return once(graph, new GridScheduler());
  }

  /** Executes a graph once with one grid for its task {@code t}. */
  static TornadoExecutionResult once(TaskGraph graph, WorkerGrid grid) {
    return once(graph, new GridScheduler(graph.getTaskGraphName() + ".t", grid));
  }

  private static TornadoExecutionResult once(TaskGraph graph, GridScheduler grids) {
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      return plan.withGridScheduler(grids).execute();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A grid of {@code groups} groups of {@code local} items. */
  static WorkerGrid grid(int groups, int local) {
    WorkerGrid grid = new WorkerGrid1D(groups * local);
    grid.setLocalWork(local, 1, 1);
    return grid;
  }

  /** A grid of groups of {@code localX} by {@code localY} items. */
  static WorkerGrid grid(int globalX, int globalY, int localX, int localY) {
    WorkerGrid grid = new WorkerGrid2D(globalX, globalY);
    grid.setLocalWork(localX, localY, 1);
    return grid;
  }

  /** Runs with the sanitizer off. */
  static void unwatched(Runnable body) {
    System.setProperty(Emulator.SANITIZE_PROPERTY, "false");
    try {
      body.run();
    } finally {
      System.clearProperty(Emulator.SANITIZE_PROPERTY);
    }
  }
}
