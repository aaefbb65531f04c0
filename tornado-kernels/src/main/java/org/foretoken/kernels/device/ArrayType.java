package org.foretoken.kernels.device;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.DType;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** TornadoVM's array classes that hold graph tensors. */
enum ArrayType {
  /** {@link FloatArray}: F32. */
  FLOAT(4),
  /** {@link IntArray}: I32. */
  INT(4),
  /** {@link ShortArray}: BF16 and E5M6, as bits. */
  SHORT(2),
  /** {@link ByteArray}: E4M3 and E5M2, as bits. */
  BYTE(1);

  private final int bytes;

  ArrayType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes an element takes. */
  int bytes() {
    return bytes;
  }

  /** The class that holds elements of {@code dtype}. */
  static ArrayType of(DType dtype) {
    return switch (dtype) {
      case F32 -> FLOAT;
      case I32 -> INT;
      case BF16, E5M6 -> SHORT;
      case E4M3, E5M2 -> BYTE;
    };
  }

  /** The type of {@code array}. */
  static ArrayType of(TornadoNativeArray array) {
    return switch (array) {
      case FloatArray a -> FLOAT;
      case IntArray a -> INT;
      case ShortArray a -> SHORT;
      case ByteArray a -> BYTE;
      default -> throw new IllegalArgumentException("no tensor is held in a " + array.getClass());
    };
  }

  /** A new array of zeros; it has at least one element, since TornadoVM has no empty arrays. */
  TornadoNativeArray allocate(String what, long elements) {
    if (elements > Integer.MAX_VALUE - 64) {
      throw new DeviceException(
          what
              + ": expected at most 2^31 - 65 elements, the limit of TornadoVM's arrays, found "
              + elements);
    }
    int n = (int) Math.max(1, elements);
    return switch (this) {
      case FLOAT -> new FloatArray(n);
      case INT -> new IntArray(n);
      case SHORT -> new ShortArray(n);
      case BYTE -> new ByteArray(n);
    };
  }

  /** The elements of {@code array} in host memory. */
  static MemorySegment segment(TornadoNativeArray array) {
    return switch (array) {
      case FloatArray a -> a.getSegment();
      case IntArray a -> a.getSegment();
      case ShortArray a -> a.getSegment();
      case ByteArray a -> a.getSegment();
      default -> throw new IllegalArgumentException("no tensor is held in a " + array.getClass());
    };
  }
}
