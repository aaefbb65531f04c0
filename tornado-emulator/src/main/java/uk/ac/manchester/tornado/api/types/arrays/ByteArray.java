package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/**
 * Off-heap array of byte values: a 16-byte header that holds the element count, then the elements.
 */
public final class ByteArray extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = Byte.BYTES;

  /** Allocates {@code numberOfElements} zeros; portable code still calls {@link #init} first. */
  public ByteArray(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public ByteArray(ByteArray... arrays) {
    super(concatenate(ELEMENT_BYTES, arrays), ELEMENT_BYTES);
  }

  private ByteArray(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A copy of a heap array. */
  public static ByteArray fromArray(byte[] values) {
    return new ByteArray(copyOf(MemorySegment.ofArray(values), ELEMENT_BYTES));
  }

  /** A copy of the listed values. */
  public static ByteArray fromElements(byte... values) {
    return fromArray(values);
  }

  /** A copy of {@code segment}, which has no header. */
  public static ByteArray fromSegment(MemorySegment segment) {
    return new ByteArray(copyOf(segment, ELEMENT_BYTES));
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static ByteArray fromSegmentShallow(MemorySegment segment) {
    return new ByteArray(segment);
  }

  /** A copy of what remains in {@code buffer}. */
  public static ByteArray fromByteBuffer(ByteBuffer buffer) {
    return new ByteArray(copyOf(MemorySegment.ofBuffer(buffer), ELEMENT_BYTES));
  }

  /** A task that fills {@code array}, to run on the device. */
  public static void initialize(ByteArray array, byte value) {
    for (@Parallel int i = 0; i < array.getSize(); i++) {
      array.set(i, value);
    }
  }

  /** A new array with the elements of all {@code arrays}, one after the other. */
  public static ByteArray concat(ByteArray... arrays) {
    return new ByteArray(arrays);
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

  /** Stores an FP16 value in bytes {@code byteIndex} (even) and {@code byteIndex + 1}. */
  public void setHalfFloat(int byteIndex, HalfFloat value) {
    data.set(ValueLayout.JAVA_SHORT, requireEven(byteIndex), value.getHalfFloatValue());
  }

  /** The FP16 value in bytes {@code byteIndex} (even) and {@code byteIndex + 1}. */
  public HalfFloat getHalfFloat(int byteIndex) {
    return new HalfFloat(data.get(ValueLayout.JAVA_SHORT, requireEven(byteIndex)));
  }

  private static int requireEven(int byteIndex) {
    if ((byteIndex & 1) != 0) {
      throw new IllegalArgumentException(
          "ByteArray half-float access: expected an even byte index, found " + byteIndex);
    }
    return byteIndex;
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
  public ByteArray slice(int offset, int length) {
    return new ByteArray(copyOf(range(offset, length), ELEMENT_BYTES));
  }
}
