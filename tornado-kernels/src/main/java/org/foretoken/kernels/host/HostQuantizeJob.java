package org.foretoken.kernels.host;

import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.kernels.graph.DType;

/**
 * One call of a quantizer: what to read and write, cut into units that threads take.
 *
 * <p>A unit owns whole groups, except for the one group of a tensor-wise recipe, whose amax is
 * found in a pass of its own: a maximum, so no order of threads can change it. One job a thread is
 * kept and used again, for a call must not allocate.
 */
final class HostQuantizeJob implements HostPool.Range {
  /** Elements that one thread quantizes sooner than another has woken up. */
  static final int ALONE = 1 << 16;

  private static final ThreadLocal<HostQuantizeJob> JOB =
      ThreadLocal.withInitial(HostQuantizeJob::new);

  private enum Kind {
    ROWS,
    COLUMNS,
    BLOCKS,
    BOTH,
    TENSOR_AMAX,
    TENSOR_CODES
  }

  private Kind kind;

  /** Address of the source, whether it is BF16, and its extent. */
  long x;

  boolean bf16;
  int rows;
  int columns;

  /** Where codes and scales go, and in what form. */
  HostQuantizeFormat format;

  ScaleRule rule;
  long codes;
  long scales;
  boolean exponents;

  /** Codes and scales of the row groups when both orientations are made. */
  long rowCodes;

  long rowScales;

  /** Extent of a group, and columns of the scales. */
  int groupRows;

  int groupColumns;
  int scaleColumns;

  /** Rows (or groups, or columns) that a unit covers; its meaning is the kind's. */
  int unit;

  /** Bits of the tensor's largest magnitude, NaN not counted, and the tensor's scale. */
  private int tensorAmax;

  private float tensorScale;
  private boolean saturates;

  private boolean sawNan;
  private boolean sawInfinity;

  private HostQuantizeJob() {}

  static HostQuantizeJob get() {
    return JOB.get();
  }

  void source(long x, DType type, int rows, int columns) {
    this.x = x;
    this.bf16 = type == DType.BF16;
    this.rows = rows;
    this.columns = columns;
    sawNan = false;
    sawInfinity = false;
  }

  void target(HostQuantizeFormat format, ScaleRule rule, long codes, long scales, boolean e8m0) {
    this.format = format;
    this.rule = rule;
    this.codes = codes;
    this.scales = scales;
    this.exponents = e8m0;
    this.saturates = rule == ScaleRule.OCP_FLOOR;
  }

  /** Quantizes in the groups of {@code tile}. */
  void run(HostPool pool, Granularity tile) {
    groupRows = tile.rows() == Granularity.WHOLE ? rows : Math.min(rows, tile.rows());
    groupColumns =
        tile.columns() == Granularity.WHOLE ? columns : Math.min(columns, tile.columns());
    scaleColumns = tile.scaleColumns(columns);
    if (tile.equals(Granularity.TENSOR)) {
      runTensor(pool);
    } else if (tile.rows() == 1) {
      start(pool, Kind.ROWS, HostQuantizeRows.units(this, pool.threads()));
    } else if (tile.columns() == 1) {
      start(pool, Kind.COLUMNS, HostQuantizeColumns.units(this));
    } else {
      start(pool, Kind.BLOCKS, HostQuantizeBlocks.units(this));
    }
  }

  /** Quantizes in 1x128 and 128x1 groups; {@link #codes} and {@link #scales} are the latter's. */
  void runBoth(HostPool pool, long rowCodes, long rowScales) {
    this.rowCodes = rowCodes;
    this.rowScales = rowScales;
    groupRows = Math.min(rows, Granularity.TILE_128X1.rows());
    groupColumns = 1;
    scaleColumns = columns;
    start(pool, Kind.BOTH, HostQuantizeColumns.units(this));
  }

  private void runTensor(HostPool pool) {
    runAmax(pool);
    if (!sawInfinity) {
      putScale(0, scale(tensorAmax));
      runCodes(pool, scale(tensorAmax), false);
    }
  }

  /** Finds the tensor's amax. */
  void runAmax(HostPool pool) {
    tensorAmax = 0;
    start(pool, Kind.TENSOR_AMAX, HostQuantizeTensor.units(this));
  }

  /** Encodes the tensor with one scale, which may saturate unless it comes from its own amax. */
  void runCodes(HostPool pool, float scale, boolean saturates) {
    tensorScale = scale;
    this.saturates = saturates;
    start(pool, Kind.TENSOR_CODES, HostQuantizeTensor.units(this));
  }

  private void start(HostPool pool, Kind kind, int units) {
    this.kind = kind;
    pool.parallelFor(units, (long) rows * columns <= ALONE ? units : 1, this);
  }

  @Override
  public void run(int begin, int end) {
    HostQuantizeScratch scratch = HostQuantizeScratch.get();
    for (int u = begin; u < end; u++) {
      switch (kind) {
        case ROWS -> HostQuantizeRows.quantize(this, scratch, u);
        case COLUMNS -> HostQuantizeColumns.quantize(this, scratch, u);
        case BOTH -> HostQuantizeColumns.quantizeBoth(this, scratch, u);
        case BLOCKS -> HostQuantizeBlocks.quantize(this, scratch, u);
        case TENSOR_AMAX -> HostQuantizeTensor.amax(this, scratch, u);
        case TENSOR_CODES -> HostQuantizeTensor.codes(this, scratch, u);
      }
    }
  }

  /**
   * Address of {@code n} floats of the source from {@code element} on; those of BF16 are widened
   * into the scratch, so {@code n} is at most {@link HostQuantizeScratch#PIECE}.
   */
  long floats(HostQuantizeScratch scratch, long element, int n) {
    if (!bf16) {
      return x + 4 * element;
    }
    HostQuantizeLanes.widen(x + 2 * element, scratch.piece(), n);
    return scratch.piece();
  }

  /** The scale of a group by its largest number; notes an infinity. */
  float scale(int amaxOfNumbers) {
    if (amaxOfNumbers == HostQuantizeLanes.INFINITY) {
      sawInfinity = true;
      return 1f;
    }
    float scale = rule.scale(Float.intBitsToFloat(amaxOfNumbers), format.format);
    return exponents ? Math.max(scale, 0x1p-127f) : scale;
  }

  /** Writes a scale in the form that is wanted. */
  void putScale(long index, float scale) {
    if (exponents) {
      HostQuantizeLanes.putByte(scales + index, Float.floatToRawIntBits(scale) >>> 23);
    } else {
      HostQuantizeLanes.putFloat(scales + 4 * index, scale);
    }
  }

  /** Whether codes take a byte and do not saturate, which the loops over many groups ask for. */
  boolean isNarrow() {
    return format.bytes == 1 && !saturates;
  }

  /**
   * Scales and codes of {@code count} plain groups of 2^shift vectors, whose amax is in the
   * scratch.
   *
   * @param floats address of the groups' values
   * @param element index of the first value
   * @param scaleIndex index of the first scale
   */
  void encodeGroups(
      HostQuantizeScratch scratch,
      long floats,
      long element,
      long scaleIndex,
      int count,
      int shift) {
    float[] minus = scratch.minusScales;
    HostQuantizeGroups.scales(count, scratch.amax, rule, format, minus, scratch.reciprocals);
    for (int g = 0; g < count; g++) {
      putScale(scaleIndex + g, -minus[g]);
    }
    HostQuantizeGroups.encode(
        floats, codes + element, count << shift, shift, minus, scratch.reciprocals, format);
  }

  /**
   * Encodes {@code n} floats at {@code floats} whose codes start with that of {@code element}.
   *
   * @param plain whether their group is one that the vector loop is exact for
   */
  void encode(
      HostQuantizeScratch scratch, long floats, long element, int n, float scale, boolean plain) {
    long to = codes + element * format.bytes;
    if (!plain) {
      HostQuantizeLanes.encodeScalar(floats, to, n, scale, format);
      return;
    }
    long from = floats;
    if (saturates) {
      from = scratch.piece();
      HostQuantizeLanes.clamp(floats, from, n, format.max * scale);
    }
    if (format.bytes == 1) {
      HostQuantizeLanes.encode(from, to, n, -scale, 1f / scale, format);
    } else {
      HostQuantizeLanes.encodeWide(from, to, n, -scale, 1f / scale, format);
    }
  }

  void noteNan() {
    sawNan = true;
  }

  boolean sawNan() {
    return sawNan;
  }

  boolean sawInfinity() {
    return sawInfinity;
  }

  /** Takes a thread's share of the tensor's amax into account. */
  synchronized void mergeTensorAmax(int amax) {
    tensorAmax = Math.max(tensorAmax, amax);
  }

  int tensorAmax() {
    return tensorAmax;
  }

  float tensorScale() {
    return tensorScale;
  }

  boolean saturates() {
    return saturates;
  }
}
