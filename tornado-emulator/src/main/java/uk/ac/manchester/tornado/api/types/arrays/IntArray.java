package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.IntBuffer;
import uk.ac.manchester.tornado.api.annotations.Parallel;

/**
 * Off-heap array of int values: a 16-byte header that holds the element count, then the elements.
 */
public final class IntArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Integer.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public IntArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public IntArray(IntArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private IntArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static IntArray fromArray(int[] values) {
    return new IntArray(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static IntArray fromElements(int... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static IntArray fromSegment(MemorySegment segment) {
    return new IntArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static IntArray fromSegmentShallow(MemorySegment segment) {
    return new IntArray(segment);
  }

  /** A copy of what remains in {@code buffer}. */
  public static IntArray fromIntBuffer(IntBuffer buffer) {
    return new IntArray(copyOf(MemorySegment.ofBuffer(buffer), ELEMENT_BYTES));
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(IntArray array, int value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static IntArray concat(IntArray... arrays) {
    return new IntArray(arrays);
  }

  /** A heap copy of the elements. */
  public int[] toHeapArray() {
    return data.toArray(ValueLayout.JAVA_INT);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, int value) {
    data.setAtIndex(ValueLayout.JAVA_INT, index, value);
  }

  /** The element at {@code index}. */
  public int get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_INT, index);
  }

  /** Sets every element to {@code value}. */
  public void init(int value) {
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
  public IntArray slice(int offset, int length) {
    return new IntArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
