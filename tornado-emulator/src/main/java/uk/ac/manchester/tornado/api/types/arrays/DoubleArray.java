package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.DoubleBuffer;
import uk.ac.manchester.tornado.api.annotations.Parallel;

/**
 * Off-heap array of double values: a 16-byte header that holds the element count, then the
 * elements.
 */
public final class DoubleArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Double.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public DoubleArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public DoubleArray(DoubleArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private DoubleArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static DoubleArray fromArray(double[] values) {
    return new DoubleArray(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static DoubleArray fromElements(double... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static DoubleArray fromSegment(MemorySegment segment) {
    return new DoubleArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static DoubleArray fromSegmentShallow(MemorySegment segment) {
    return new DoubleArray(segment);
  }

  /** A copy of what remains in {@code buffer}. */
  public static DoubleArray fromDoubleBuffer(DoubleBuffer buffer) {
    return new DoubleArray(copyOf(MemorySegment.ofBuffer(buffer), ELEMENT_BYTES));
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(DoubleArray array, double value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static DoubleArray concat(DoubleArray... arrays) {
    return new DoubleArray(arrays);
  }

  /** A heap copy of the elements. */
  public double[] toHeapArray() {
    return data.toArray(ValueLayout.JAVA_DOUBLE);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, double value) {
    data.setAtIndex(ValueLayout.JAVA_DOUBLE, index, value);
  }

  /** The element at {@code index}. */
  public double get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_DOUBLE, index);
  }

  /** Sets every element to {@code value}. */
  public void init(double value) {
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
  public DoubleArray slice(int offset, int length) {
    return new DoubleArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
