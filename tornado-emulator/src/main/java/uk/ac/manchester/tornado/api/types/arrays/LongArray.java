package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.LongBuffer;
import uk.ac.manchester.tornado.api.annotations.Parallel;

/**
 * Off-heap array of long values: a 16-byte header that holds the element count, then the elements.
 */
public final class LongArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Long.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public LongArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public LongArray(LongArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private LongArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static LongArray fromArray(long[] values) {
    return new LongArray(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static LongArray fromElements(long... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static LongArray fromSegment(MemorySegment segment) {
    return new LongArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static LongArray fromSegmentShallow(MemorySegment segment) {
    return new LongArray(segment);
  }

  /** A copy of what remains in {@code buffer}. */
  public static LongArray fromLongBuffer(LongBuffer buffer) {
    return new LongArray(copyOf(MemorySegment.ofBuffer(buffer), ELEMENT_BYTES));
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(LongArray array, long value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static LongArray concat(LongArray... arrays) {
    return new LongArray(arrays);
  }

  /** A heap copy of the elements. */
  public long[] toHeapArray() {
    return data.toArray(ValueLayout.JAVA_LONG);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, long value) {
    data.setAtIndex(ValueLayout.JAVA_LONG, index, value);
  }

  /** The element at {@code index}. */
  public long get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  /** Sets every element to {@code value}. */
  public void init(long value) {
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
  public LongArray slice(int offset, int length) {
    return new LongArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
