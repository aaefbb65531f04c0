package uk.ac.manchester.tornado.api;

/** A grid of work items in 3 dimensions. */
public class WorkerGrid3D extends AbstractWorkerGrid {
  /** The number of dimensions. */
  public static final int DIM = 3;

  /** With the number of work items along each dimension. */
  public WorkerGrid3D(int x, int y, int z) {
    super(x, y, z);
  }

  @Override
  public int dimension() {
    return DIM;
  }
}
