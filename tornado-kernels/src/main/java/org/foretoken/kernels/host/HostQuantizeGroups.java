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
import org.foretoken.fp8.ScaleRule;

/**
 * The vector loops over many groups of one run of floats at once: largest magnitudes, scales,
 * codes.
 *
 * <p>A call for each group of 128 spends as long on entering and leaving its loop of eight vectors
 * as in it. Here one loop runs over all the groups, and each vector fetches the scale of its group,
 * whose index is the vector's shifted right; so the width of a group is a power of two times the
 * width of a vector. What every iteration needs is broadcast before the loop, which also keeps the
 * loop small enough for C2 to inline whole.
 */
final class HostQuantizeGroups {
  private static final int MAGNITUDE = 0x7fff_ffff;

  private HostQuantizeGroups() {}

  /** log2 of the vectors in a group of {@code width} floats; -1 if these loops do not know it. */
  static int shift(int width) {
    int vectors = width / LANES;
    return LANES >= 8 && width % LANES == 0 && Integer.bitCount(vectors) == 1
        ? Integer.numberOfTrailingZeros(vectors)
        : -1;
  }

  /**
   * Bits of the largest magnitudes of {@code groups} groups of 2^shift vectors.
   *
   * @return whether the vector encoder is exact for all of them
   */
  static boolean amax(long x, int groups, int shift, int[] amax) {
    switch (shift) {
      case 3 -> amaxOfEight(x, groups, amax);
      case 1 -> amaxOfTwo(x, groups, amax);
      default -> {
        int width = LANES << shift;
        for (int g = 0; g < groups; g++) {
          amax[g] = HostQuantizeLanes.amax(x + 4L * g * width, width);
        }
      }
    }
    boolean plain = true;
    for (int g = 0; g < groups; g++) {
      plain &= HostQuantizeLanes.isPlain(amax[g]);
    }
    return plain;
  }

  private static void amaxOfEight(long x, int groups, int[] amax) {
    IntVector magnitude = IntVector.broadcast(INTS, MAGNITUDE);
    for (int g = 0; g < groups; g++) {
      long at = x + 32L * LANES * g;
      IntVector a = load(at).and(magnitude);
      IntVector b = load(at + 4L * LANES).and(magnitude);
      a = a.max(load(at + 8L * LANES).and(magnitude));
      b = b.max(load(at + 12L * LANES).and(magnitude));
      a = a.max(load(at + 16L * LANES).and(magnitude));
      b = b.max(load(at + 20L * LANES).and(magnitude));
      a = a.max(load(at + 24L * LANES).and(magnitude));
      b = b.max(load(at + 28L * LANES).and(magnitude));
      amax[g] = a.max(b).reduceLanes(VectorOperators.MAX);
    }
  }

  private static void amaxOfTwo(long x, int groups, int[] amax) {
    IntVector magnitude = IntVector.broadcast(INTS, MAGNITUDE);
    for (int g = 0; g < groups; g++) {
      long at = x + 8L * LANES * g;
      IntVector a = load(at).and(magnitude).max(load(at + 4L * LANES).and(magnitude));
      amax[g] = a.reduceLanes(VectorOperators.MAX);
    }
  }

  private static IntVector load(long at) {
    return IntVector.fromMemorySegment(INTS, MEMORY, at, LITTLE);
  }

  /**
   * The scales of {@code n} groups whose amax is plain, as {@link ScaleRule#scale} makes them, with
   * their sign turned; and the rounded reciprocals. The arrays are written up to a whole vector.
   *
   * @param rule AMAX or POWER_OF_TWO: {@link #encode} does not saturate, as OCP_FLOOR needs it
   */
  static void scales(
      int n,
      int[] amax,
      ScaleRule rule,
      HostQuantizeFormat format,
      float[] minus,
      float[] reverse) {
    for (int i = 0; i < n; i += LANES) {
      IntVector largest = IntVector.fromArray(INTS, amax, i);
      FloatVector scale = largest.reinterpretAsFloats().div(format.max);
      if (rule == ScaleRule.POWER_OF_TWO) {
        scale = scale.reinterpretAsInts().add(0x7f_ffff).and(INFINITY).reinterpretAsFloats();
      }
      scale = scale.blend(1f, largest.reinterpretAsFloats().eq(0f));
      scale.neg().intoArray(minus, i);
      FloatVector.broadcast(FLOATS, 1f).div(scale).intoArray(reverse, i);
    }
  }

  /**
   * Codes, a byte each, of {@code vectors} vectors in plain groups of 2^shift vectors, none of
   * which saturates.
   *
   * @param minus the groups' scales with their sign turned
   * @param reverse the groups' rounded reciprocals
   */
  static void encode(
      long x,
      long codes,
      int vectors,
      int shift,
      float[] minus,
      float[] reverse,
      HostQuantizeFormat format) {
    IntVector magnitudes = IntVector.broadcast(INTS, MAGNITUDE);
    IntVector exponents = IntVector.broadcast(INTS, INFINITY);
    IntVector minNormal = IntVector.broadcast(INTS, format.minNormalBits);
    IntVector magic = IntVector.broadcast(INTS, format.magicBits);
    IntVector signs = IntVector.broadcast(INTS, 0x80);
    int fieldShift = format.fieldShift;
    for (int v = 0; v < vectors; v++) {
      FloatVector reciprocal = FloatVector.broadcast(FLOATS, reverse[v >> shift]);
      FloatVector minusScale = FloatVector.broadcast(FLOATS, minus[v >> shift]);
      IntVector bits = load(x + 4L * LANES * v);
      FloatVector magnitude = bits.and(magnitudes).reinterpretAsFloats();
      FloatVector product = magnitude.mul(reciprocal);
      FloatVector quotient = product.fma(minusScale, magnitude).fma(reciprocal, product);
      IntVector binade = quotient.reinterpretAsInts().and(exponents).max(minNormal);
      IntVector rounded = quotient.add(binade.add(magic).reinterpretAsFloats()).reinterpretAsInts();
      IntVector code =
          rounded
              .add(binade.lanewise(VectorOperators.LSHR, fieldShift))
              .or(bits.lanewise(VectorOperators.LSHR, 24).and(signs));
      ByteVector bytes = (ByteVector) code.castShape(BYTES, 0);
      bytes.intoMemorySegment(MEMORY, codes + (long) LANES * v, LITTLE);
    }
  }
}
