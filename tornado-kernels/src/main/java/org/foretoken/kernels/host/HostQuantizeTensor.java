package org.foretoken.kernels.host;

/** One scale for the tensor: a pass for amax, a pass for the codes. */
final class HostQuantizeTensor {
  private static final int PIECES = 32;
  private static final int UNIT = PIECES * HostQuantizeScratch.PIECE;

  private HostQuantizeTensor() {}

  static int units(HostQuantizeJob job) {
    return Math.toIntExact(Math.ceilDiv((long) job.rows * job.columns, UNIT));
  }

  static void amax(HostQuantizeJob job, HostQuantizeScratch scratch, int unit) {
    long first = (long) unit * UNIT;
    long end = Math.min(first + UNIT, (long) job.rows * job.columns);
    int amax = 0;
    for (long i = first; i < end; i += HostQuantizeScratch.PIECE) {
      int n = (int) Math.min(HostQuantizeScratch.PIECE, end - i);
      long floats = job.floats(scratch, i, n);
      int largest = HostQuantizeLanes.amax(floats, n);
      if (largest > HostQuantizeLanes.INFINITY) {
        job.noteNan();
        largest = HostQuantizeLanes.amaxOfNumbers(floats, n, 0);
      }
      amax = Math.max(amax, largest);
    }
    job.mergeTensorAmax(amax);
    if (amax == HostQuantizeLanes.INFINITY) {
      job.scale(amax);
    }
  }

  static void codes(HostQuantizeJob job, HostQuantizeScratch scratch, int unit) {
    long first = (long) unit * UNIT;
    long end = Math.min(first + UNIT, (long) job.rows * job.columns);
    float scale = job.scale(job.tensorAmax());
    boolean plain = HostQuantizeLanes.isPlain(job.tensorAmax());
    for (long i = first; i < end; i += HostQuantizeScratch.PIECE) {
      int n = (int) Math.min(HostQuantizeScratch.PIECE, end - i);
      long floats = job.floats(scratch, i, n);
      boolean numbers =
          !job.sawNan() || HostQuantizeLanes.amax(floats, n) < HostQuantizeLanes.INFINITY;
      job.encode(floats, i, n, scale, plain && numbers);
    }
  }
}
