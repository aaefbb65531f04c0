package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import uk.ac.manchester.tornado.api.annotations.Parallel;

/**
 * Off-heap array of float values: a 16-byte header that holds the element count, then the elements.
 */
public final class FloatArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Float.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public FloatArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public FloatArray(FloatArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private FloatArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static FloatArray fromArray(float[] values) {
    return new FloatArray(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static FloatArray fromElements(float... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static FloatArray fromSegment(MemorySegment segment) {
    return new FloatArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static FloatArray fromSegmentShallow(MemorySegment segment) {
    return new FloatArray(segment);
  }

  /** A copy of what remains in {@code buffer}. */
  public static FloatArray fromFloatBuffer(FloatBuffer buffer) {
    return new FloatArray(copyOf(MemorySegment.ofBuffer(buffer), ELEMENT_BYTES));
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(FloatArray array, float value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static FloatArray concat(FloatArray... arrays) {
    return new FloatArray(arrays);
  }

  /** A heap copy of the elements. */
  public float[] toHeapArray() {
    return data.toArray(ValueLayout.JAVA_FLOAT);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, float value) {
    data.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
  }

  /** The element at {@code index}. */
  public float get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  /** Sets every element to {@code value}. */
  public void init(float value) {
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
  public FloatArray slice(int offset, int length) {
    return new FloatArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
