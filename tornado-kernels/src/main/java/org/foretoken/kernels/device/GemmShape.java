package org.foretoken.kernels.device;

import java.util.Locale;
import org.foretoken.kernels.op.Fp8MatMul;

/**
 * A matrix product as the choice of a road sees it: c [m,n] summed over k.
 *
 * @param kind which operands, in which orientation
 */
public record GemmShape(Kind kind, int m, int n, int k) {
  /** Products by what their operands carry and how they lie. */
  public enum Kind {
    /** FP8 fprop. */
    FP8_NT,
    /** FP8 dgrad. */
    FP8_NN,
    /** FP8 wgrad. */
    FP8_TN,
    /** BF16, any layout. */
    BF16;

    static Kind of(Fp8MatMul op) {
      return switch (op.layout()) {
        case NT -> FP8_NT;
        case NN -> FP8_NN;
        case TN -> FP8_TN;
      };
    }
  }

  /** Why {@code road} cannot carry out the product, or null where it can. */
  String refusal(GemmRoad road) {
    return switch (road) {
      case JIT, AUTO -> null;
      case CUBLASLT -> cublasLtRefusal();
      case PTX -> ptxRefusal();
    };
  }

  /** FP8 rows are read in 16 bytes, scales in 4 floats (cuBLAS documentation). */
  private String cublasLtRefusal() {
    if (kind == Kind.BF16) {
      return multiple("m", m, 8, multiple("n", n, 8, multiple("k", k, 8, null)));
    }
    return multiple("m", m, 4, multiple("n", n, 16, multiple("k", k, 16, null)));
  }

  /** The copy engine reads rows of 16 bytes; results are stored in pairs. */
  private String ptxRefusal() {
    return switch (kind) {
      case FP8_NT, FP8_NN, FP8_TN -> multiple("n", n, 2, multiple("k", k, 16, null));
      case BF16 -> "ptx: BF16 is not written";
    };
  }

  private static String multiple(String name, int extent, int of, String otherwise) {
    return extent % of == 0 ? otherwise : name + " = " + extent + ": expected a multiple of " + of;
  }

  /** How far another product of the same kind is, in octaves. */
  double distance(GemmShape other) {
    return Math.abs(log2(m, other.m)) + Math.abs(log2(n, other.n)) + Math.abs(log2(k, other.k));
  }

  private static double log2(int a, int b) {
    return Math.log((double) a / b) / Math.log(2);
  }

  /** The product in a {@link GemmTable}. */
  String key() {
    return kind.name().toLowerCase(Locale.ROOT) + "." + m + "x" + n + "x" + k;
  }

  @Override
  public String toString() {
    return kind + " " + m + " x " + n + " x " + k;
  }
}
