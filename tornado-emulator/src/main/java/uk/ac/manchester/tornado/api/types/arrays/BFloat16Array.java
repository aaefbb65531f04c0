package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.BFloat16;

/**
 * Off-heap array of BF16 bit pattern values: a 16-byte header that holds the element count, then
 * the elements.
 *
 * <p>Elements travel as raw bits; {@link BFloat16#bf16ToFloat} decodes them.
 */
public final class BFloat16Array extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Short.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public BFloat16Array(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public BFloat16Array(BFloat16Array... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private BFloat16Array(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of raw BF16 bit patterns. */
  public static BFloat16Array fromShorts(short... bits) {
    return new BFloat16Array(copyOf(MemorySegment.ofArray(bits), ELEMENT_BYTES));
  }

  /** Encodes each value with {@link BFloat16#bf16FromFloat}. */
  public static BFloat16Array fromFloats(float... values) {
    BFloat16Array array = new BFloat16Array(values.length);
    for (int i = 0; i < values.length; i++) {
      array.setFloat(i, values[i]);
    }
    return array;
  }

  /** A copy of {@code segment}, which has no header. */
  public static BFloat16Array fromSegment(MemorySegment segment) {
    return new BFloat16Array(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static BFloat16Array fromSegmentShallow(MemorySegment segment) {
    return new BFloat16Array(segment);
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(BFloat16Array array, short bits) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, bits);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static BFloat16Array concat(BFloat16Array... arrays) {
    return new BFloat16Array(arrays);
  }

  /** A heap copy of the elements. */
  public short[] toShortArray() {
    return data.toArray(ValueLayout.JAVA_SHORT);
  }

  /** Stores {@code bits} at {@code index}. */
  public void set(int index, short bits) {
    data.setAtIndex(ValueLayout.JAVA_SHORT, index, bits);
  }

  /** The element at {@code index}. */
  public short get(int index) {
    return data.getAtIndex(ValueLayout.JAVA_SHORT, index);
  }

  /** Encodes {@code value} with {@link BFloat16#bf16FromFloat} and stores it. */
  public void setFloat(int index, float value) {
    set(index, BFloat16.bf16FromFloat(value));
  }

  /** Decodes the element at {@code index}. */
  public float getFloat(int index) {
    return BFloat16.bf16ToFloat(get(index));
  }

  /** Sets every element to {@code bits}. */
  public void init(short bits) {
    for (int i = 0; i < getSize(); i++) {
      set(i, bits);
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
  public BFloat16Array slice(int offset, int length) {
    return new BFloat16Array(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
