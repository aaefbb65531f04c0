package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.types.HalfFloat;

/**
 * The permutations of a tile's 128-byte (or 64-byte) spans that spread its rows over the banks of
 * local memory: bits {@code shift..shift+2} of the byte offset are XORed into bits {@code
 * target..target+2}.
 */
public enum Swizzle {
  /** FP16, in steps of 16 bytes. */
  FP16_STRIDE_32(2, 7, 4),
  /** FP16, in steps of 8 bytes. */
  FP16_STRIDE_16(2, 6, 3),
  /** Bytes, in steps of 16. */
  INT8(1, 7, 4);

  private final int elementBytes;
  private final int shift;
  private final int target;

  Swizzle(int elementBytes, int shift, int target) {
    this.elementBytes = elementBytes;
    this.shift = shift;
    this.target = target;
  }

  /** Where element (row, column) of a tile with {@code stride} elements a row is kept. */
  public int index(int row, int column, int stride) {
    int offset = (row * stride + column) * elementBytes;
    return (offset ^ (offset >> shift & 0b111) << target) / elementBytes;
  }

  /** Reads an element of local memory. */
  public static HalfFloat load(WorkItem item, HalfFloat[] tile, int index) {
    item.group().observer().read(tile, index, 1);
    return tile[index];
  }

  /** Writes an element of local memory. */
  public static void store(WorkItem item, HalfFloat[] tile, int index, HalfFloat value) {
    item.group().observer().write(tile, index, 1);
    tile[index] = value;
  }

  /** Reads an element of local memory. */
  public static byte load(WorkItem item, byte[] tile, int index) {
    item.group().observer().read(tile, index, 1);
    return tile[index];
  }

  /** Writes an element of local memory. */
  public static void store(WorkItem item, byte[] tile, int index, byte value) {
    item.group().observer().write(tile, index, 1);
    tile[index] = value;
  }
}
