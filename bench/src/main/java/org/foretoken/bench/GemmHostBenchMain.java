package org.foretoken.bench;

import java.util.Locale;
import org.foretoken.kernels.host.HostPool;

/**
 * Prints GFLOP/s of host GEMMs beside LibTorch's: {@code THREADS ROUNDS PEER OP:MxNxK ...}, for
 * example {@code 2 11 F32 F32_NT:1024x1024x1024 FP8_FPROP:64x2112x7168}.
 */
public final class GemmHostBenchMain {
  private GemmHostBenchMain() {}

  /** Runs the comparisons named on the command line, one line each. */
  public static void main(String[] args) {
    int rounds = Integer.parseInt(args[1]);
    GemmHostBench.Peer peer = GemmHostBench.Peer.valueOf(args[2]);
    try (HostPool pool = new HostPool(Integer.parseInt(args[0]))) {
      for (int i = 3; i < args.length; i++) {
        String[] parts = args[i].split("[:x]");
        GemmHostBench.Op op = GemmHostBench.Op.valueOf(parts[0]);
        int m = Integer.parseInt(parts[1]);
        int n = Integer.parseInt(parts[2]);
        int k = Integer.parseInt(parts[3]);
        GemmHostBench.Rounds r = GemmHostBench.run(pool, op, peer, m, n, k, rounds);
        double flop = 2.0 * m * n * k;
        System.out.printf(
            Locale.ROOT,
            "%-12s %5d x %5d x %5d  ours %7.1f  peer %7.1f GFLOP/s  %5.2fx%n",
            op,
            m,
            n,
            k,
            flop / r.oursMedian(),
            flop / r.peerMedian(),
            r.medianSpeedup());
      }
    }
  }
}
