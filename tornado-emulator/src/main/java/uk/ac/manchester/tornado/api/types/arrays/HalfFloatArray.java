package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/** Off-heap array of FP16 values: a 16-byte header that holds the element count, then the bits. */
public final class HalfFloatArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Short.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public HalfFloatArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public HalfFloatArray(HalfFloatArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private HalfFloatArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static HalfFloatArray fromArray(HalfFloat[] values) {
    HalfFloatArray array = new HalfFloatArray(values.length);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    return array;
  }

  /** A copy of the listed values. */
  public static HalfFloatArray fromElements(HalfFloat... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static HalfFloatArray fromSegment(MemorySegment segment) {
    return new HalfFloatArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static HalfFloatArray fromSegmentShallow(MemorySegment segment) {
    return new HalfFloatArray(segment);
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(HalfFloatArray array, HalfFloat value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static HalfFloatArray concat(HalfFloatArray... arrays) {
    return new HalfFloatArray(arrays);
  }

  /** A heap copy of the elements. */
  public HalfFloat[] toHeapArray() {
    HalfFloat[] values = new HalfFloat[size];
    for (int i = 0; i < size; i++) {
      values[i] = get(i);
    }
    return values;
  }

  /** A heap copy of the raw bits. */
  public short[] toShortArray() {
    return data.toArray(ValueLayout.JAVA_SHORT);
  }

  /** Stores {@code value} at {@code index}. */
  public void set(int index, HalfFloat value) {
    data.setAtIndex(ValueLayout.JAVA_SHORT, index, value.getHalfFloatValue());
  }

  /** The element at {@code index}. */
  public HalfFloat get(int index) {
    return new HalfFloat(data.getAtIndex(ValueLayout.JAVA_SHORT, index));
  }

  /** Elements {@code index} (even on a device: one 32-bit load) and {@code index + 1}. */
  public Half2 getHalf2(int index) {
    return new Half2(get(index), get(index + 1));
  }

  /** Stores both lanes at {@code index} (even on a device: one 32-bit store) and the next. */
  public void setHalf2(int index, Half2 value) {
    set(index, value.getX());
    set(index + 1, value.getY());
  }

  /** Sets every element to {@code value}. */
  public void init(HalfFloat value) {
    for (int i = 0; i < size; i++) {
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
  public HalfFloatArray slice(int offset, int length) {
    return new HalfFloatArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
