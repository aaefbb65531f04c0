package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.CHUNK;
import static org.foretoken.kernels.host.HostMath.MEMORY;

import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * sum += sum of x^2, in double: chunks of {@link HostMath#CHUNK} elements, then over the chunks in
 * order.
 */
final class HostSumSquares implements Runnable {
  private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Float> HALF =
      VectorSpecies.of(
          float.class, jdk.incubator.vector.VectorShape.forBitSize(D.vectorBitSize() / 2));
  private static final int LANES = D.length();

  private final HostPool pool;
  private final long x;
  private final long sum; // [1]
  private final long elements;
  private final double[] partial;
  private final double[] lanes;
  private final HostPool.Range body = this::chunks;

  HostSumSquares(HostOperands operands, HostPool pool) {
    this.pool = pool;
    x = operands.readAddress(0);
    sum = operands.writeAddress(0);
    elements = operands.in(0).shape().elements();
    partial = new double[Math.toIntExact(Math.ceilDiv(elements, CHUNK))];
    lanes = new double[partial.length * LANES];
  }

  @Override
  public void run() {
    pool.parallelFor(partial.length, 4, body);
    double total = HostMath.getFloat(sum);
    for (double p : partial) {
      total += p;
    }
    HostMath.setFloat(sum, (float) total);
  }

  private void chunks(int from, int to) {
    for (int c = from; c < to; c++) {
      long start = (long) c * CHUNK;
      int n = (int) Math.min(CHUNK, elements - start);
      int whole = HALF.loopBound(n);
      vectorSum(x + 4 * start, whole, lanes, c * LANES);
      double total = 0;
      for (int l = 0; l < LANES; l++) {
        total += lanes[c * LANES + l];
      }
      for (int i = whole; i < n; i++) {
        double v = HostMath.getFloat(x + 4 * (start + i));
        total = Math.fma(v, v, total);
      }
      partial[c] = total;
    }
  }

  private static void vectorSum(long x, int n, double[] lanes, int to) {
    DoubleVector sum = DoubleVector.zero(D);
    for (int i = 0; i < n; i += LANES) {
      FloatVector f =
          FloatVector.fromMemorySegment(HALF, MEMORY, x + 4L * i, ByteOrder.nativeOrder());
      DoubleVector d = (DoubleVector) f.convertShape(VectorOperators.F2D, D, 0);
      sum = d.fma(d, sum);
    }
    sum.intoArray(lanes, to);
  }
}
