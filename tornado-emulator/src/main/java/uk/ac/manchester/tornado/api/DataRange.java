package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A part of an array, in elements. */
public class DataRange {
  private final TornadoNativeArray array;
  private long offset;
  private long size = -1;

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

  /** The first element. */
  public long getOffset() {
    return offset;
  }

  /** The number of elements. */
  public long getPartialSize() {
    return size;
  }

  /** Takes the rest of the array where no size was given, and checks the range. */
  public void materialize() {
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
  }

  /** The array. */
  public TornadoNativeArray getArray() {
    return array;
  }
}
