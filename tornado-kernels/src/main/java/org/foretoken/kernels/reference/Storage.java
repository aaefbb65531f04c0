package org.foretoken.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.foretoken.fp8.Formats;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.GraphException;

/** Between the memory layout of a {@link DType} and the reference's doubles. */
final class Storage {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private Storage() {}

  /** Reads all elements of {@code values} from {@code source}; exact for every type. */
  static void load(Values values, MemorySegment source) {
    checkSize(values, source);
    DType dtype = values.tensor().dtype();
    if (dtype == DType.I32) {
      MemorySegment.copy(source, INT, 0, values.integers(), 0, values.integers().length);
      return;
    }
    double[] reals = values.reals();
    for (int i = 0; i < reals.length; i++) {
      reals[i] =
          switch (dtype) {
            case F32 -> source.getAtIndex(FLOAT, i);
            case BF16 -> Bf16.decode(source.getAtIndex(SHORT, i));
            case E4M3 -> E4M3.decode(source.get(BYTE, i));
            case E5M2 -> E5M2.decode(source.get(BYTE, i));
            case E5M6 -> Formats.E5M6.decode(source.getAtIndex(SHORT, i));
            case I32 -> throw new AssertionError();
          };
    }
  }

  /**
   * Writes all elements of {@code values} to {@code target}, F32 and BF16 rounded to nearest even.
   */
  static void store(Values values, MemorySegment target) {
    checkSize(values, target);
    DType dtype = values.tensor().dtype();
    if (dtype == DType.I32) {
      MemorySegment.copy(values.integers(), 0, target, INT, 0, values.integers().length);
      return;
    }
    double[] reals = values.reals();
    for (int i = 0; i < reals.length; i++) {
      double value = reals[i];
      switch (dtype) {
        case F32 -> target.setAtIndex(FLOAT, i, (float) value);
        case BF16 -> target.setAtIndex(SHORT, i, Bf16.encode((float) value));
        case E4M3 -> target.set(BYTE, i, E4M3.encodeIeee((float) value));
        case E5M2 -> target.set(BYTE, i, E5M2.encodeIeee((float) value));
        case E5M6 -> target.setAtIndex(SHORT, i, (short) Formats.E5M6.encode(value));
        case I32 -> throw new AssertionError();
      }
    }
  }

  private static void checkSize(Values values, MemorySegment segment) {
    if (segment.byteSize() < values.tensor().bytes()) {
      throw new GraphException(
          "reference: tensor '"
              + values.tensor()
              + "' expected "
              + values.tensor().bytes()
              + " bytes, found a segment of "
              + segment.byteSize());
    }
  }
}
