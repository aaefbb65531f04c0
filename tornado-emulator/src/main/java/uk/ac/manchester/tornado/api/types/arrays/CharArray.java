package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.CharBuffer;
import uk.ac.manchester.tornado.api.annotations.Parallel;

/**
 * Off-heap array of char values: a 16-byte header that holds the element count, then the elements.
 */
public final class CharArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Character.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public CharArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public CharArray(CharArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private CharArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static CharArray fromArray(char[] values) {
    return new CharArray(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static CharArray fromElements(char... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static CharArray fromSegment(MemorySegment segment) {
    return new CharArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static CharArray fromSegmentShallow(MemorySegment segment) {
    return new CharArray(segment);
  }

  /** A copy of what remains in {@code buffer}. */
  public static CharArray fromCharBuffer(CharBuffer buffer) {
    return new CharArray(copyOf(MemorySegment.ofBuffer(buffer), ELEMENT_BYTES));
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(CharArray array, char value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static CharArray concat(CharArray... arrays) {
    return new CharArray(arrays);
  }

  /** A heap copy of the elements. */
  public char[] toHeapArray() {
    return data.toArray(ValueLayout.JAVA_CHAR);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, char value) {
    data.setAtIndex(ValueLayout.JAVA_CHAR, index, value);
  }

  /** The element at {@code index}. */
  public char get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_CHAR, index);
  }

  /** Sets every element to {@code value}. */
  public void init(char value) {
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
  public CharArray slice(int offset, int length) {
    return new CharArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
