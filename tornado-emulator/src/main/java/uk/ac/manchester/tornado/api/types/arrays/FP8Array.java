package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.types.FP8;

/**
 * Off-heap array of FP8 bytes: a 16-byte header that holds the element count, then one byte each.
 *
 * <p>Whether a byte is E4M3 or E5M2 is the reader's business; {@link FP8} has both codecs.
 */
public final class FP8Array extends TornadoNativeArray {
  private static final int ELEMENT_BYTES = 1;

  /** Allocates {@code numberOfElements} zeros. */
  public FP8Array(int numberOfElements) {
    super(allocate(numberOfElements, ELEMENT_BYTES), ELEMENT_BYTES);
  }

  private FP8Array(MemorySegment segmentWithHeader) {
    super(segmentWithHeader, ELEMENT_BYTES);
  }

  /** A view of {@code segment}, whose first {@link #ARRAY_HEADER} bytes become the header. */
  public static FP8Array fromSegmentShallow(MemorySegment segment) {
    return new FP8Array(segment);
  }

  /** Encodes each value with {@link FP8#e4m3FromFloat}. */
  public static FP8Array fromFloatsE4M3(float... values) {
    FP8Array array = new FP8Array(values.length);
    for (int i = 0; i < values.length; i++) {
      array.setE4M3(i, values[i]);
    }
    return array;
  }

  /** Encodes each value with {@link FP8#e5m2FromFloat}. */
  public static FP8Array fromFloatsE5M2(float... values) {
    FP8Array array = new FP8Array(values.length);
    for (int i = 0; i < values.length; i++) {
      array.setE5M2(i, values[i]);
    }
    return array;
  }

  /** Stores a raw byte. */
  public void set(int index, byte bits) {
    data.set(ValueLayout.JAVA_BYTE, index, bits);
  }

  /** The raw byte at {@code index}. */
  public byte get(int index) {
    return data.get(ValueLayout.JAVA_BYTE, index);
  }

  /** The element at {@code index}, read as E4M3. */
  public float getE4M3(int index) {
    return FP8.e4m3ToFloat(get(index));
  }

  /** Stores {@code value} as E4M3, see {@link FP8#e4m3FromFloat} for its rounding. */
  public void setE4M3(int index, float value) {
    set(index, FP8.e4m3FromFloat(value));
  }

  /** The element at {@code index}, read as E5M2. */
  public float getE5M2(int index) {
    return FP8.e5m2ToFloat(get(index));
  }

  /** Stores {@code value} as E5M2, see {@link FP8#e5m2FromFloat} for its rounding. */
  public void setE5M2(int index, float value) {
    set(index, FP8.e5m2FromFloat(value));
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
}
