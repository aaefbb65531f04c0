package org.foretoken.kernels.host;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The one place where the host GEMMs choose vector species and tile sizes.
 *
 * <p>The species is the machine's preferred one: a wider one would box every vector. {@code
 * -Dforetoken.vectorBits=256} (or 128) narrows it, which tests use to run the narrower tiles on a
 * wide machine. None of these numbers changes a result: see {@link #PROMOTION} for the only
 * constants that do.
 */
final class GemmTiles {
  /** Species of all GEMM arithmetic. */
  static final VectorSpecies<Float> F = species();

  static final VectorSpecies<Integer> I = F.withLanes(int.class);

  /** Lanes of a vector of floats. */
  static final int LANES = F.length();

  /** Bytes that are widened to floats at a time: as many as {@link #BYTE_PARTS} float vectors. */
  static final VectorSpecies<Byte> B =
      VectorSpecies.of(
          byte.class, VectorShape.forBitSize(Math.max(64, F.vectorBitSize() / Float.BYTES)));

  static final int BYTE_PARTS = B.length() / LANES;

  /** As many shorts as floats in a vector. */
  static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

  /** Columns of a register tile: two vectors. */
  static final int NR = 2 * LANES;

  /**
   * Rows of a register tile. 32 vector registers hold 13 x 2 accumulators, two columns vectors and
   * a broadcast; 16 registers hold 6 x 2.
   */
  static final int MR = F.vectorBitSize() == 512 || isArm() ? 13 : 6;

  /**
   * Length of the inner dimension that one register tile runs over. It is part of the result: a sum
   * over k is the sum of partial sums over {@code PROMOTION} products each, in order. FP8 operands
   * use {@link #GROUP} instead.
   */
  static final int PROMOTION = 512;

  /** Length of the inner dimension that shares a scale in FP8, and after which it is promoted. */
  static final int GROUP = 128;

  /** Inner dimension of a packed panel. */
  static final int KC = PROMOTION;

  /**
   * Floats between two rows of a left panel. A constant, so that the broadcasts of a tile fold into
   * displacements, and not a power of two, so that its rows fall into different cache sets.
   */
  static final int LEFT_STRIDE = KC + 16;

  /** Rows of the left panel that a task works on: about half of a 1 MiB second-level cache. */
  static final int MC = MR * Math.max(1, 240 / MR);

  /** Rows of the left operand packed at a time. */
  static final int MB = 64 * 64;

  /** Columns of the right operand packed at a time. */
  static final int NC = 1024;

  /** Below this many multiply-adds a product runs on the calling thread alone. */
  static final long SERIAL_WORK = 1L << 17;

  private GemmTiles() {}

  private static boolean isArm() {
    return System.getProperty("os.arch").equals("aarch64");
  }

  private static VectorSpecies<Float> species() {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    int bits = Integer.getInteger("foretoken.vectorBits", 512);
    bits = Math.min(bits, Math.min(512, preferred.vectorBitSize()));
    return VectorSpecies.of(float.class, VectorShape.forBitSize(Math.max(128, bits)));
  }

  /** Number of register tiles that cover {@code rows} rows. */
  static int tiles(int rows) {
    return Math.ceilDiv(rows, MR);
  }

  /** Number of column slivers that cover {@code columns} columns. */
  static int slivers(int columns) {
    return Math.ceilDiv(columns, NR);
  }

  static {
    // The three species must agree lane by lane, or the unpacking below would mix columns.
    if (I.length() != LANES
        || S.length() != LANES
        || IntVector.zero(I).length() != LANES
        || ShortVector.zero(S).length() != LANES
        || ByteVector.zero(B).length() < LANES) {
      throw new IllegalStateException("vector species of " + F + " do not match");
    }
  }
}
