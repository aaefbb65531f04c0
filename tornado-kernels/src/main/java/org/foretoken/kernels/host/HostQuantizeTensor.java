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
    float scale = job.tensorScale();
    for (long i = first; i < end; i += HostQuantizeScratch.PIECE) {
      int n = (int) Math.min(HostQuantizeScratch.PIECE, end - i);
      long floats = job.floats(scratch, i, n);
      job.encode(scratch, floats, i, n, scale, isPlain(job, floats, n, scale));
    }
  }

  /** Whether the vector loop is exact: by the tensor's amax, or by this piece's where it counts. */
  private static boolean isPlain(HostQuantizeJob job, long floats, int n, float scale) {
    if (!job.saturates() && !job.sawNan()) {
      return HostQuantizeLanes.isPlain(job.tensorAmax());
    }
    int amax = HostQuantizeLanes.amax(floats, n);
    if (amax > HostQuantizeLanes.INFINITY) {
      job.noteNan();
    } else if (amax == HostQuantizeLanes.INFINITY) {
      job.scale(amax);
    }
    return amax < HostQuantizeLanes.INFINITY && HostQuantizeLanes.isPlainScale(scale);
  }
}
