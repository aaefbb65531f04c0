package org.foretoken.bench.measure;

import java.util.concurrent.atomic.DoubleAdder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.foretoken.kernels.host.HostPool;

/**
 * The most FP32 operations a second that this machine's vector units do: independent fused
 * multiply-adds on registers, no memory. What a matrix product's rate is a share of.
 */
public final class FmaPeak {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int CHAINS = 12;
  // Short turns, many: the first run in the interpreter, where each step takes microseconds.
  private static final int STEPS = 20_000;
  private static final int TURNS = 300;

  private final DoubleAdder sink = new DoubleAdder();

  private FmaPeak() {}

  /** Best GFLOP/s of {@code pool.threads()} threads together over some tenths of a second. */
  public static double gflops(HostPool pool) {
    FmaPeak peak = new FmaPeak();
    int threads = pool.threads();
    double best = 0;
    for (int turn = 0; turn < TURNS; turn++) {
      long start = System.nanoTime();
      pool.parallelFor(threads, 1, (from, to) -> peak.chains(to - from));
      long nanos = System.nanoTime() - start;
      double flop = 2.0 * CHAINS * SPECIES.length() * STEPS * threads;
      best = Math.max(best, flop / nanos);
    }
    if (Double.isNaN(peak.sink.sum())) {
      throw new IllegalStateException("FMA chains: expected finite sums, found NaN");
    }
    return best;
  }

  private void chains(int times) {
    for (int i = 0; i < times; i++) {
      sink.add(chain(STEPS));
    }
  }

  private static float chain(int steps) {
    FloatVector x = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector y = FloatVector.broadcast(SPECIES, 1e-3f);
    FloatVector a = y;
    FloatVector b = y;
    FloatVector c = y;
    FloatVector d = y;
    FloatVector e = y;
    FloatVector f = y;
    FloatVector g = y;
    FloatVector h = y;
    FloatVector i = y;
    FloatVector j = y;
    FloatVector k = y;
    FloatVector l = y;
    for (int s = 0; s < steps; s++) {
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      i = i.fma(x, y);
      j = j.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
    }
    FloatVector low = a.add(b).add(c).add(d).add(e).add(f);
    FloatVector high = g.add(h).add(i).add(j).add(k).add(l);
    return low.add(high).lane(0);
  }
}
