package org.foretoken.model.experiment;

/**
 * Runs an experiment's arms seed by seed, leaving out what an earlier, interrupted sweep has
 * finished.
 */
public final class Sweep {
  /** Hears of the sweep's progress, on the thread that runs it. */
  public interface Listener {
    /**
     * A run is about to start.
     *
     * @param done runs finished before, also by an earlier sweep
     * @param most runs in all, unless the experiment is decided earlier
     */
    default void starting(String arm, long seed, int done, int most) {}

    /** A run has finished, and is to be kept now. */
    void finished(Results.Run run);
  }

  private Sweep() {}

  /**
   * Makes the missing runs of seeds 1 to {@code seeds}, and adds them to {@code results}.
   *
   * @param commit commit of the program, empty where it is not known
   */
  public static void run(
      Experiment experiment,
      int seeds,
      Results results,
      Workspace workspace,
      String commit,
      Listener listener) {
    int most = seeds * experiment.arms().size();
    int done = 0;
    for (int seed = 1; seed <= seeds; seed++) {
      if (seed > 1 && !experiment.wantsMore(results, seed - 1)) {
        return;
      }
      for (String arm : experiment.arms()) {
        if (results.find(arm, seed).isEmpty()) {
          listener.starting(arm, seed, done, most);
          long started = System.nanoTime();
          Measurement measured = experiment.measure(arm, seed, workspace);
          double seconds = (System.nanoTime() - started) * 1e-9;
          Results.Run run = new Results.Run(arm, seed, measured, seconds, commit);
          listener.finished(run);
          results.add(run);
        }
        done++;
      }
    }
  }
}
