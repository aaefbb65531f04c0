package uk.ac.manchester.tornado.api;

/** A grid of work items in 2 dimensions. */
public class WorkerGrid2D extends AbstractWorkerGrid {
  /** The number of dimensions. */
  public static final int DIM = 2;

  /** With the number of work items along each dimension. */
  public WorkerGrid2D(int x, int y) {
    super(x, y, 1);
  }

  @Override
  public int dimension() {
    return DIM;
  }
}
