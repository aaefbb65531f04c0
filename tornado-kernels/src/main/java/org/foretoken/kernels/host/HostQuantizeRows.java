package org.foretoken.kernels.host;

/** Groups within a row: 1x128, MX's 1x32, whole rows. */
final class HostQuantizeRows {
  /** Floats a unit covers at most. */
  private static final int UNIT = 1 << 18;

  private static final int SMALLEST_UNIT = 1 << 12;
  private static final int PIECE = HostQuantizeScratch.PIECE;

  private HostQuantizeRows() {}

  /** Whether groups follow each other through the whole matrix, no row ending within one. */
  private static boolean isFlat(HostQuantizeJob job) {
    return job.columns % job.groupColumns == 0;
  }

  /** Sets the job's unit, in groups if they are flat and in rows if not; returns how many. */
  static int units(HostQuantizeJob job, int threads) {
    long floats = (long) job.rows * job.columns;
    long wanted = Math.clamp(floats / (4L * threads), SMALLEST_UNIT, UNIT);
    boolean flat = isFlat(job);
    int width = flat ? job.groupColumns : job.columns;
    job.unit = (int) Math.max(1, wanted / width);
    long parts = flat ? floats / width : job.rows;
    return Math.toIntExact(Math.ceilDiv(parts, job.unit));
  }

  static void quantize(HostQuantizeJob job, HostQuantizeScratch scratch, int unit) {
    long first = (long) unit * job.unit;
    int width = job.groupColumns;
    if (isFlat(job)) {
      long groups = (long) job.rows * job.columns / width;
      groups(job, scratch, first * width, first, (int) Math.min(job.unit, groups - first), width);
      return;
    }
    int whole = job.columns / width;
    int last = (int) Math.min(first + job.unit, job.rows);
    for (int row = (int) first; row < last; row++) {
      long element = (long) row * job.columns;
      long scale = (long) row * job.scaleColumns;
      groups(job, scratch, element, scale, whole, width);
      int done = whole * width;
      groups(job, scratch, element + done, scale + whole, 1, job.columns - done);
    }
  }

  /**
   * {@code count} groups of {@code width} from {@code element} on, their scales from {@code scale}
   * on.
   */
  private static void groups(
      HostQuantizeJob job,
      HostQuantizeScratch scratch,
      long element,
      long scale,
      int count,
      int width) {
    if (width > PIECE) {
      for (int g = 0; g < count; g++) {
        wideGroup(job, scratch, element + (long) g * width, scale + g, width);
      }
      return;
    }
    int batch = PIECE / width;
    for (int g = HostQuantizeStream.quantize(job, scratch, element, scale, count, width);
        g < count;
        g += batch) {
      int k = Math.min(batch, count - g);
      batch(job, scratch, element + (long) g * width, scale + g, k, width);
    }
  }

  /**
   * Amax of all groups first, then their scales, then their codes: the reduction and the division
   * of one group are long chains that others hide. Groups that the vector loops are not exact for
   * go one by one.
   */
  private static void batch(
      HostQuantizeJob job,
      HostQuantizeScratch scratch,
      long element,
      long scale,
      int count,
      int width) {
    long floats = job.floats(scratch, element, count * width);
    int shift = HostQuantizeGroups.shift(width);
    int[] amax = scratch.amax;
    if (shift >= 0) {
      if (HostQuantizeGroups.amax(floats, count, shift, amax) && job.isNarrow()) {
        job.encodeGroups(scratch, floats, element, scale, count, shift);
        return;
      }
    } else {
      for (int g = 0; g < count; g++) {
        amax[g] = HostQuantizeLanes.amax(floats + 4L * g * width, width);
      }
    }
    for (int g = 0; g < count; g++) {
      group(
          job,
          scratch,
          floats + 4L * g * width,
          element + (long) g * width,
          scale + g,
          amax[g],
          width);
    }
  }

  static void group(
      HostQuantizeJob job,
      HostQuantizeScratch scratch,
      long floats,
      long element,
      long scaleIndex,
      int amax,
      int width) {
    int largest = amax;
    if (amax > HostQuantizeLanes.INFINITY) {
      job.noteNan();
      largest = HostQuantizeLanes.amaxOfNumbers(floats, width, 0);
    }
    float scale = job.scale(largest);
    job.putScale(scaleIndex, scale);
    job.encode(scratch, floats, element, width, scale, HostQuantizeLanes.isPlain(amax));
  }

  /** A group that is read twice, piece by piece. */
  private static void wideGroup(
      HostQuantizeJob job, HostQuantizeScratch scratch, long element, long scaleIndex, int width) {
    int amax = 0;
    int numbers = 0;
    for (int i = 0; i < width; i += PIECE) {
      int n = Math.min(PIECE, width - i);
      long floats = job.floats(scratch, element + i, n);
      int largest = HostQuantizeLanes.amax(floats, n);
      amax = Math.max(amax, largest);
      if (largest > HostQuantizeLanes.INFINITY) {
        job.noteNan();
        largest = HostQuantizeLanes.amaxOfNumbers(floats, n, 0);
      }
      numbers = Math.max(numbers, largest);
    }
    float scale = job.scale(numbers);
    job.putScale(scaleIndex, scale);
    for (int i = 0; i < width; i += PIECE) {
      int n = Math.min(PIECE, width - i);
      long floats = job.floats(scratch, element + i, n);
      job.encode(scratch, floats, element + i, n, scale, HostQuantizeLanes.isPlain(amax));
    }
  }
}
