package org.foretoken.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;

/** Work groups that reach each other's shared memory. */
final class PtxCluster {
  final List<PtxGroup> groups = new ArrayList<>();
  private int arrived;

  /** How often the cluster's barrier has opened. */
  int phase;

  /** Counts threads at the barrier; it opens when all that have not left the kernel are there. */
  void arrive(int threads) {
    arrived += threads;
    check();
  }

  void check() {
    int alive = 0;
    for (PtxGroup group : groups) {
      for (PtxWarp warp : group.warps) {
        alive += warp.alive();
      }
    }
    if (arrived > 0 && arrived >= alive) {
      arrived = 0;
      phase++;
    }
  }
}
