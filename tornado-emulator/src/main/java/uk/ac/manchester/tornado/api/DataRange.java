package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A part of an array, in elements until {@link #materialize} turns it into bytes. */
public class DataRange {
  private final TornadoNativeArray array;
  private long offset;
  private long size = -1;
  private boolean inBytes;

  /** The whole array. */
  public DataRange(TornadoNativeArray array) {
    this.array = array;
  }

  /** Begins at this element. */
  public DataRange withOffset(long offset) {
    this.offset = offset;
    return this;
  }

  /** Has this many elements. */
  public DataRange withSize(long size) {
    this.size = size;
    return this;
  }

  /** The first element; once materialized, its byte in the array, header included. */
  public long getOffset() {
    return offset;
  }

  /** The number of elements; once materialized, of bytes. */
  public long getPartialSize() {
    return size;
  }

  /** Takes the rest of the array where no size was given, checks the range, turns it into bytes. */
  public void materialize() {
    if (inBytes) {
      return;
    }
    if (size < 0) {
      size = array.getSize() - offset;
    }
    if (offset < 0 || size < 0 || offset + size > array.getSize()) {
      throw new TornadoRuntimeException(
          "data range: expected a part of "
              + array.getSize()
              + " elements, found offset "
              + offset
              + ", size "
              + size);
    }
    offset = TornadoNativeArray.ARRAY_HEADER + offset * array.getElementSize();
    size *= array.getElementSize();
    inBytes = true;
  }

  /** The array. */
  public TornadoNativeArray getArray() {
    return array;
  }
}
