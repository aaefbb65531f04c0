package org.foretoken.model.checkpoint;

import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;

/**
 * Element types of the safetensors format, as its reference implementation lists them. {@code
 * F8_E4M3} is OCP's finite E4M3 (FN); the FNUZ types are AMD's, with another bias.
 */
public enum SafetensorsDType {
  F64(64, null),
  F32(32, Formats.FP32),
  F16(16, Formats.FP16),
  BF16(16, Formats.BF16),
  F8_E4M3(8, Formats.E4M3),
  F8_E5M2(8, Formats.E5M2),
  F8_E8M0(8, Formats.E8M0),
  F8_E4M3FNUZ(8, null),
  F8_E5M2FNUZ(8, null),
  F6_E2M3(6, null),
  F6_E3M2(6, null),
  F4(4, Formats.E2M1),
  C64(64, null),
  I64(64, null),
  I32(32, null),
  I16(16, null),
  I8(8, Formats.INT8),
  U64(64, null),
  U32(32, null),
  U16(16, null),
  U8(8, null),
  BOOL(8, null);

  private final int bits;
  private final Format format;

  SafetensorsDType(int bits, Format format) {
    this.bits = bits;
    this.format = format;
  }

  /** Bits of an element. */
  public int bits() {
    return bits;
  }

  /**
   * Bytes of an element.
   *
   * @throws IllegalStateException for the types that are narrower than a byte
   */
  public int bytes() {
    if (bits % 8 != 0) {
      throw new IllegalStateException(name() + " packs elements of " + bits + " bits");
    }
    return bits / 8;
  }

  /** The number format of an element, or null if this project does not know it. */
  public Format format() {
    return format;
  }

  /** Whether weights of this type are numbers that the quantizers take. */
  public boolean isHighPrecision() {
    return this == F32 || this == BF16 || this == F16;
  }

  /** The type that is called {@code name} in a header, or null. */
  static SafetensorsDType byName(String name) {
    for (SafetensorsDType type : values()) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    return null;
  }
}
