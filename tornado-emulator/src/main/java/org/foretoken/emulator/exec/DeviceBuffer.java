package org.foretoken.emulator.exec;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.CharArray;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FP8Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.Int8Array;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The device's own copy of one host array.
 *
 * <p>It starts out as bytes 0xFF, which are NaN in every float format and -1 in every integer one,
 * and remembers which elements were ever copied in or written.
 */
public final class DeviceBuffer {
  private final Object host;
  private final Object device;
  private final int size;
  private boolean copiedIn;
  private boolean leftOut;
  private boolean whole;
  private final long[] defined;
  private int definedCount;

  DeviceBuffer(Object host) {
    this.host = host;
    device = sameKind(host);
    size = sizeOf(host);
    defined = new long[(size + Long.SIZE - 1) / Long.SIZE];
    segmentOf(device).fill((byte) 0xFF);
  }

  /** Whether arrays of this class can live on the device. */
  public static boolean accepts(Object object) {
    return object instanceof TornadoNativeArray
        || object.getClass().isArray() && object.getClass().componentType().isPrimitive();
  }

  /** The number of elements of a host or device array. */
  public static int sizeOf(Object array) {
    return array instanceof TornadoNativeArray n ? n.getSize() : Array.getLength(array);
  }

  /** What the kernel gets in the host array's place. */
  public Object device() {
    return device;
  }

  /** The host's array. */
  public Object host() {
    return host;
  }

  /** The number of elements. */
  public int size() {
    return size;
  }

  /** Whether element {@code index} was ever copied in or written on the device. */
  public boolean isDefined(int index) {
    return whole || (defined[index >> 6] & 1L << index) != 0;
  }

  /** Notes a write on the device. */
  public void define(int index) {
    if (!whole && (defined[index >> 6] & 1L << index) == 0) {
      defined[index >> 6] |= 1L << index;
      whole = ++definedCount == size;
    }
  }

  /** Notes that the whole array may have been written, by a kernel that nobody watched. */
  public void defineAll() {
    whole = true;
  }

  /** Notes that TornadoVM would not carry out the transfer of this array to the device. */
  void leaveOut() {
    leftOut = true;
  }

  /** Why an element that is not defined is not. */
  public String whyAbsent() {
    return leftOut
        ? "it was not transferred to the device, as TornadoVM leaves out the transfer of an array"
            + " that the first task of a graph only writes"
        : "it was neither transferred to the device nor written by a kernel";
  }

  /** Whether the host's array was ever copied in. */
  public boolean copiedIn() {
    return copiedIn;
  }

  /** Bytes on the device, header included. */
  long bytes() {
    return segmentOf(device).byteSize() + TornadoNativeArray.ARRAY_HEADER;
  }

  /** Its elements. */
  MemorySegment segment() {
    return segmentOf(device);
  }

  long copyIn() {
    segmentOf(device).copyFrom(segmentOf(host));
    copiedIn = true;
    whole = true;
    return bytes();
  }

  long copyOut() {
    segmentOf(host).copyFrom(segmentOf(device));
    return bytes();
  }

  long copyOut(long byteOffset, long byteSize) {
    MemorySegment.copy(segmentOf(device), byteOffset, segmentOf(host), byteOffset, byteSize);
    return byteSize;
  }

  private static MemorySegment segmentOf(Object array) {
    return switch (array) {
      case TornadoNativeArray n -> n.getSegment();
      case float[] a -> MemorySegment.ofArray(a);
      case double[] a -> MemorySegment.ofArray(a);
      case int[] a -> MemorySegment.ofArray(a);
      case long[] a -> MemorySegment.ofArray(a);
      case short[] a -> MemorySegment.ofArray(a);
      case char[] a -> MemorySegment.ofArray(a);
      case byte[] a -> MemorySegment.ofArray(a);
      default -> throw unsupported(array);
    };
  }

  private static Object sameKind(Object host) {
    int n = accepts(host) ? sizeOf(host) : 0;
    return switch (host) {
      case FloatArray _ -> new FloatArray(n);
      case DoubleArray _ -> new DoubleArray(n);
      case IntArray _ -> new IntArray(n);
      case LongArray _ -> new LongArray(n);
      case ShortArray _ -> new ShortArray(n);
      case CharArray _ -> new CharArray(n);
      case ByteArray _ -> new ByteArray(n);
      case Int8Array _ -> new Int8Array(n);
      case HalfFloatArray _ -> new HalfFloatArray(n);
      case BFloat16Array _ -> new BFloat16Array(n);
      case FP8Array _ -> new FP8Array(n);
      case Object a when accepts(a) -> Array.newInstance(a.getClass().componentType(), n);
      default -> throw unsupported(host);
    };
  }

  private static TornadoRuntimeException unsupported(Object object) {
    return new TornadoRuntimeException(
        "device memory: expected a native or primitive array, found "
            + object.getClass().getName()
            + "; copy it into one of the arrays of uk.ac.manchester.tornado.api.types.arrays");
  }
}
