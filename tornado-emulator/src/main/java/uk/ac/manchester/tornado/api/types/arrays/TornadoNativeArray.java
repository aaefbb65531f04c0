package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the off-heap arrays share: a segment of {@link #ARRAY_HEADER} bytes, whose first {@code int}
 * is the element count, followed by the elements.
 */
public abstract class TornadoNativeArray {
  /** Bytes ahead of the first element; elements are 16-byte aligned with the default of 16. */
  public static final long ARRAY_HEADER = Long.getLong("tornado.panama.objectHeader", 16);

  private static final long ALIGNMENT = 16;

  final MemorySegment segment;
  final MemorySegment data;
  final int size;

  /** Kept for the API's sake; the array classes of this package pass their segment instead. */
  public TornadoNativeArray() {
    throw new UnsupportedOperationException(
        "TornadoNativeArray: expected one of the array types of this package, found a subclass");
  }

  TornadoNativeArray(MemorySegment segmentWithHeader, int elementBytes) {
    long bytes = segmentWithHeader.byteSize() - ARRAY_HEADER;
    if (bytes < 0 || bytes % elementBytes != 0 || bytes / elementBytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          getClass().getSimpleName()
              + ": expected a segment of "
              + ARRAY_HEADER
              + " header bytes and a multiple of "
              + elementBytes
              + " data bytes, found "
              + segmentWithHeader.byteSize()
              + " bytes");
    }
    segment = segmentWithHeader;
    data = segmentWithHeader.asSlice(ARRAY_HEADER);
    size = (int) (bytes / elementBytes);
    segment.set(ValueLayout.JAVA_INT_UNALIGNED, 0, size);
  }

  static MemorySegment allocate(long elements, int elementBytes) {
    if (elements < 0 || elements > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "array size: expected 0 to 2^31-1 elements, found " + elements);
    }
    return Arena.ofAuto().allocate(ARRAY_HEADER + elements * elementBytes, ALIGNMENT);
  }

  static MemorySegment copyOf(MemorySegment source, int elementBytes) {
    if (source.byteSize() % elementBytes != 0) {
      throw new IllegalArgumentException(
          "array data: expected a multiple of "
              + elementBytes
              + " bytes, found "
              + source.byteSize());
    }
    MemorySegment copy = allocate(source.byteSize() / elementBytes, elementBytes);
    MemorySegment.copy(source, 0, copy, ARRAY_HEADER, source.byteSize());
    return copy;
  }

  static MemorySegment concatenate(int elementBytes, TornadoNativeArray... arrays) {
    long elements = 0;
    for (TornadoNativeArray array : arrays) {
      elements += array.size;
    }
    MemorySegment all = allocate(elements, elementBytes);
    long offset = ARRAY_HEADER;
    for (TornadoNativeArray array : arrays) {
      MemorySegment.copy(array.data, 0, all, offset, array.data.byteSize());
      offset += array.data.byteSize();
    }
    return all;
  }

  MemorySegment range(int offset, int length) {
    if (offset < 0 || length < 0 || offset + (long) length > size) {
      throw new IllegalArgumentException(
          "slice of "
              + getClass().getSimpleName()
              + ": expected a range within 0.."
              + size
              + ", found offset "
              + offset
              + ", length "
              + length);
    }
    long elementBytes = getElementSize();
    return data.asSlice(offset * elementBytes, length * elementBytes);
  }

  /** The number of elements. */
  public abstract int getSize();

  /** The elements, without the header. */
  public abstract MemorySegment getSegment();

  /** Header and elements. */
  public abstract MemorySegment getSegmentWithHeader();

  /** Bytes of header and elements. */
  public abstract long getNumBytesOfSegmentWithHeader();

  /** Bytes of the elements alone. */
  public abstract long getNumBytesOfSegment();

  /** Bytes of one element. */
  public abstract int getElementSize();

  /** Sets every element to zero. */
  protected void clear() {
    data.fill((byte) 0);
  }
}
