package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.annotations.Parallel;

/**
 * Off-heap array of signed 8-bit integer values: a 16-byte header that holds the element count,
 * then the elements.
 */
public final class Int8Array extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Byte.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public Int8Array(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public Int8Array(Int8Array... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private Int8Array(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static Int8Array fromArray(byte[] values) {
    return new Int8Array(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static Int8Array fromElements(byte... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static Int8Array fromSegment(MemorySegment segment) {
    return new Int8Array(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static Int8Array fromSegmentShallow(MemorySegment segment) {
    return new Int8Array(segment);
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(Int8Array array, byte value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static Int8Array concat(Int8Array... arrays) {
    return new Int8Array(arrays);
  }

  /** A heap copy of the elements. */
  public byte[] toHeapArray() {
    return data.toArray(ValueLayout.JAVA_BYTE);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, byte value) {
    data.setAtIndex(ValueLayout.JAVA_BYTE, index, value);
  }

  /** The element at {@code index}. */
  public byte get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_BYTE, index);
  }

  /** Sets every element to {@code value}. */
  public void init(byte value) {
    for (int i = 0; i < getSize(); i++) {
      set(i, value);
    }
  }

  @Override
  public void clear() {
    data.fill((byte) 0);
  }

  @Override
  public int getElementSize() {
    return ELEMENT_BYTES;
  }

  @Override
  public int getSize() {
    return size;
  }

  @Override
  public MemorySegment getSegment() {
    return data;
  }

  @Override
  public MemorySegment getSegmentWithHeader() {
    return segment;
  }

  @Override
  public long getNumBytesOfSegmentWithHeader() {
    return segment.byteSize();
  }

  @Override
  public long getNumBytesOfSegment() {
    return data.byteSize();
  }

  /** A copy of {@code length} elements from {@code offset} on. */
  public Int8Array slice(int offset, int length) {
    return new Int8Array(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
