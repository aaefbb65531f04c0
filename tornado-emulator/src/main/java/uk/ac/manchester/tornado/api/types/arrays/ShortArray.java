package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ShortBuffer;
import uk.ac.manchester.tornado.api.annotations.Parallel;

/**
 * Off-heap array of short values: a 16-byte header that holds the element count, then the elements.
 */
public final class ShortArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Short.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public ShortArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public ShortArray(ShortArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private ShortArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static ShortArray fromArray(short[] values) {
    return new ShortArray(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static ShortArray fromElements(short... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static ShortArray fromSegment(MemorySegment segment) {
    return new ShortArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static ShortArray fromSegmentShallow(MemorySegment segment) {
    return new ShortArray(segment);
  }

  /** A copy of what remains in {@code buffer}. */
  public static ShortArray fromShortBuffer(ShortBuffer buffer) {
    return new ShortArray(copyOf(MemorySegment.ofBuffer(buffer), ELEMENT_BYTES));
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(ShortArray array, short value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static ShortArray concat(ShortArray... arrays) {
    return new ShortArray(arrays);
  }

  /** A heap copy of the elements. */
  public short[] toHeapArray() {
    return data.toArray(ValueLayout.JAVA_SHORT);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, short value) {
    data.setAtIndex(ValueLayout.JAVA_SHORT, index, value);
  }

  /** The element at {@code index}. */
  public short get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_SHORT, index);
  }

  /** Sets every element to {@code value}. */
  public void init(short value) {
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
  public ShortArray slice(int offset, int length) {
    return new ShortArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
