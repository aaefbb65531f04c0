package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostQuantizeLanes.BYTES;
import static org.foretoken.kernels.host.HostQuantizeLanes.FLOATS;
import static org.foretoken.kernels.host.HostQuantizeLanes.INFINITY;
import static org.foretoken.kernels.host.HostQuantizeLanes.INTS;
import static org.foretoken.kernels.host.HostQuantizeLanes.LANES;
import static org.foretoken.kernels.host.HostQuantizeLanes.LITTLE;
import static org.foretoken.kernels.host.HostQuantizeLanes.MEMORY;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Long runs of groups within rows, FP32 to codes of a byte: while a batch of a page is encoded, the
 * same loop looks for the largest magnitudes of the next.
 *
 * <p>Looking first and encoding then reads memory half of the time and computes the other half, for
 * Java has no instruction to prefetch with. One loop that does both keeps memory busy all the time.
 * A batch of more than a page loses that: measured at two and four pages, it is no faster than two
 * loops. The loop works on pairs of vectors, unrolled by hand, and calls the Vector API directly: a
 * method of ours in between is where C2 stops inlining, for the size of the whole.
 */
final class HostQuantizeStream {
  /** Floats of a batch: a page. */
  static final int BATCH = 1024;

  private static final int MAGNITUDE = 0x7fff_ffff;

  private static final int PAIRS = BATCH / (2 * LANES);

  private HostQuantizeStream() {}

  /**
   * Quantizes as many of {@code count} groups of {@code width} as make whole batches, from {@code
   * element} on, their scales from {@code scale} on.
   *
   * @return how many it has quantized: none, where this is not for the job
   */
  static int quantize(
      HostQuantizeJob job,
      HostQuantizeScratch scratch,
      long element,
      long scale,
      int count,
      int width) {
    int shift = HostQuantizeGroups.shift(width);
    int batch = BATCH / width;
    if (shift < 1 || job.bf16 || !job.isNarrow() || batch == 0 || count < 2 * batch) {
      return 0;
    }
    int pairs = PAIRS / batch;
    int[] amax = scratch.amax;
    long lanes = scratch.lanes();
    float[] minus = scratch.minusScales;
    long x = job.x + 4 * element;
    long codes = job.codes + element;
    int done = 0;
    maxima(x, lanes);
    for (; done + batch <= count; done += batch, x += 4 * BATCH, codes += BATCH) {
      boolean last = done + 2 * batch > count;
      if (amax(lanes, batch, pairs, amax)) {
        HostQuantizeGroups.scales(PAIRS, amax, job.rule, job.format, minus, scratch.reciprocals);
        for (int g = 0; g < batch; g++) {
          job.putScale(scale + done + g, -minus[g * pairs]);
        }
        long next = last ? x : x + 4 * BATCH;
        encode(x, codes, minus, scratch.reciprocals, job.format, next, lanes);
        continue;
      }
      for (int g = 0; g < batch; g++) {
        long first = element + (long) (done + g) * width;
        long floats = job.x + 4 * first;
        int largest = amax[g * pairs];
        HostQuantizeRows.group(job, scratch, floats, first, scale + done + g, largest, width);
      }
      if (!last) {
        maxima(x + 4 * BATCH, lanes);
      }
    }
    return done;
  }

  /** Largest magnitudes of a batch's pairs of vectors, lane by lane, as bits. */
  private static void maxima(long x, long lanes) {
    for (int p = 0; p < PAIRS; p++) {
      long at = x + 8L * LANES * p;
      IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, at, LITTLE).and(MAGNITUDE);
      IntVector b =
          IntVector.fromMemorySegment(INTS, MEMORY, at + 4L * LANES, LITTLE).and(MAGNITUDE);
      a.max(b).intoMemorySegment(MEMORY, lanes + 4L * LANES * p, LITTLE);
    }
  }

  /**
   * Bits of the largest magnitudes of {@code groups} groups of {@code pairs} pairs of vectors, each
   * as often as it has pairs.
   *
   * @return whether the vector encoder is exact for all of them
   */
  private static boolean amax(long lanes, int groups, int pairs, int[] amax) {
    boolean plain = true;
    for (int g = 0; g < groups; g++) {
      int first = g * pairs;
      long at = lanes + 4L * LANES * first;
      IntVector largest = load(at);
      if (pairs == 4) {
        largest =
            largest
                .max(load(at + 4L * LANES))
                .max(load(at + 8L * LANES).max(load(at + 12L * LANES)));
      } else {
        for (int p = 1; p < pairs; p++) {
          largest = largest.max(load(at + 4L * LANES * p));
        }
      }
      int most = largest.reduceLanes(VectorOperators.MAX);
      plain &= HostQuantizeLanes.isPlain(most);
      for (int p = 0; p < pairs; p++) {
        amax[first + p] = most;
      }
    }
    return plain;
  }

  private static IntVector load(long at) {
    return IntVector.fromMemorySegment(INTS, MEMORY, at, LITTLE);
  }

  /**
   * Codes of a batch of plain groups, as {@link HostQuantizeGroups#encode} makes them, and {@link
   * #maxima} of the next.
   *
   * @param minus the scales with their sign turned, one a pair of vectors
   * @param reverse their rounded reciprocals
   * @param next address of the batch whose {@code lanes} are found
   */
  private static void encode(
      long x,
      long codes,
      float[] minus,
      float[] reverse,
      HostQuantizeFormat format,
      long next,
      long lanes) {
    IntVector magnitudes = IntVector.broadcast(INTS, MAGNITUDE);
    IntVector exponents = IntVector.broadcast(INTS, INFINITY);
    IntVector minNormal = IntVector.broadcast(INTS, format.minNormalBits);
    FloatVector magic = FloatVector.broadcast(FLOATS, format.magic);
    IntVector signs = IntVector.broadcast(INTS, 0x80);
    int fieldShift = format.fieldShift;
    for (int p = 0; p < PAIRS; p++) {
      long ahead = next + 8L * LANES * p;
      IntVector most =
          IntVector.fromMemorySegment(INTS, MEMORY, ahead, LITTLE)
              .and(magnitudes)
              .max(
                  IntVector.fromMemorySegment(INTS, MEMORY, ahead + 4L * LANES, LITTLE)
                      .and(magnitudes));
      most.intoMemorySegment(MEMORY, lanes + 4L * LANES * p, LITTLE);
      FloatVector reciprocal = FloatVector.broadcast(FLOATS, reverse[p]);
      FloatVector minusScale = FloatVector.broadcast(FLOATS, minus[p]);
      long from = x + 8L * LANES * p;
      long to = codes + 2L * LANES * p;

      IntVector bits = IntVector.fromMemorySegment(INTS, MEMORY, from, LITTLE);
      FloatVector magnitude = bits.and(magnitudes).reinterpretAsFloats();
      FloatVector product = magnitude.mul(reciprocal);
      FloatVector quotient = product.fma(minusScale, magnitude).fma(reciprocal, product);
      IntVector binade = quotient.reinterpretAsInts().and(exponents).max(minNormal);
      IntVector rounded = binade.reinterpretAsFloats().fma(magic, quotient).reinterpretAsInts();
      IntVector code =
          rounded
              .add(binade.lanewise(VectorOperators.LSHR, fieldShift))
              .or(bits.lanewise(VectorOperators.LSHR, 24).and(signs));
      ((ByteVector) code.castShape(BYTES, 0)).intoMemorySegment(MEMORY, to, LITTLE);

      bits = IntVector.fromMemorySegment(INTS, MEMORY, from + 4L * LANES, LITTLE);
      magnitude = bits.and(magnitudes).reinterpretAsFloats();
      product = magnitude.mul(reciprocal);
      quotient = product.fma(minusScale, magnitude).fma(reciprocal, product);
      binade = quotient.reinterpretAsInts().and(exponents).max(minNormal);
      rounded = binade.reinterpretAsFloats().fma(magic, quotient).reinterpretAsInts();
      code =
          rounded
              .add(binade.lanewise(VectorOperators.LSHR, fieldShift))
              .or(bits.lanewise(VectorOperators.LSHR, 24).and(signs));
      ((ByteVector) code.castShape(BYTES, 0)).intoMemorySegment(MEMORY, to + LANES, LITTLE);
    }
  }
}
