package uk.ac.manchester.tornado.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The worker grid of each task, under the name {@code graph.task}. */
public class GridScheduler {
  private final Map<String, WorkerGrid> grids = new LinkedHashMap<>();

  /** Without grids. */
  public GridScheduler() {}

  /** With the grid of one task. */
  public GridScheduler(String taskName, WorkerGrid workerGrid) {
    addWorkerGrid(taskName, workerGrid);
  }

  /** Adds or replaces the grid of the task {@code graph.task}. */
  public void addWorkerGrid(String taskName, WorkerGrid workerGrid) {
    grids.put(taskName, workerGrid);
  }

  /** The grid of the task {@code graph.task}, or null. */
  public WorkerGrid get(String taskName) {
    return grids.get(taskName);
  }

  /** Whether the task has a grid. */
  public boolean contains(String taskScheduleName, String taskName) {
    return grids.containsKey(taskScheduleName + "." + taskName);
  }

  /** The names of all tasks with a grid. */
  public Set<String> keySet() {
    return grids.keySet();
  }

  @Override
  public String toString() {
    return grids.toString();
  }
}
