package org.foretoken.model.convert;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.foretoken.fp8.Format;
import org.foretoken.model.checkpoint.SafetensorsDType;

/**
 * Codes and scales in the bytes of a file, for the types without a fast loop. Codes of four bits
 * are packed two a byte, the one of the lower index in the lower half, as in the OCP MX and PyTorch
 * layouts.
 */
final class NarrowCodes {
  private static final int E8M0_NAN = 0xff;

  private NarrowCodes() {}

  /** Writes codes of a byte each as {@code type} has them. */
  static void pack(byte[] codes, SafetensorsDType type, MemorySegment to) {
    if (type.bits() == 8) {
      MemorySegment.copy(codes, 0, to, ValueLayout.JAVA_BYTE, 0, codes.length);
      return;
    }
    for (int i = 0; i < codes.length; i += 2) {
      to.set(ValueLayout.JAVA_BYTE, i / 2, (byte) (codes[i] & 0xf | codes[i + 1] << 4));
    }
  }

  /** Code {@code i} of packed or plain codes. */
  static int code(MemorySegment codes, SafetensorsDType type, long i) {
    if (type.bits() == 8) {
      return codes.get(ValueLayout.JAVA_BYTE, i) & 0xff;
    }
    return codes.get(ValueLayout.JAVA_BYTE, i / 2) >>> (int) (i % 2 * 4) & 0xf;
  }

  /** The values of all codes of a format of at most eight bits. */
  static float[] values(Format format) {
    float[] values = new float[1 << format.bits()];
    for (int code = 0; code < values.length; code++) {
      values[code] = (float) format.decode(code);
    }
    return values;
  }

  static void putScale(MemorySegment scales, SafetensorsDType type, long i, float scale) {
    int bits = Float.floatToRawIntBits(scale);
    if (type == SafetensorsDType.F8_E8M0) {
      scales.set(ValueLayout.JAVA_BYTE, i, (byte) (bits >>> 23));
    } else {
      scales.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * i, bits);
    }
  }

  /** Scale {@code i}; NaN for E8M0's NaN. */
  static float scale(MemorySegment scales, SafetensorsDType type, long i) {
    if (type != SafetensorsDType.F8_E8M0) {
      return scales.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
    }
    int field = scales.get(ValueLayout.JAVA_BYTE, i) & 0xff;
    return field == E8M0_NAN ? Float.NaN : Math.scalb(1f, field - 127);
  }
}
