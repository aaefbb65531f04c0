package org.foretoken.kernels.reference;

import java.util.Locale;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.AbsorbQuery;
import org.foretoken.kernels.op.AdamW;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.CachedAttention;
import org.foretoken.kernels.op.CachedLatentAttention;
import org.foretoken.kernels.op.Cast;
import org.foretoken.kernels.op.ConcatColumns;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.EmbeddingGrad;
import org.foretoken.kernels.op.ExpandLatent;
import org.foretoken.kernels.op.ExpertBalance;
import org.foretoken.kernels.op.ExpertBias;
import org.foretoken.kernels.op.ExpertCombine;
import org.foretoken.kernels.op.ExpertCombineGrad;
import org.foretoken.kernels.op.ExpertDispatch;
import org.foretoken.kernels.op.ExpertDispatchGrad;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertGateGrad;
import org.foretoken.kernels.op.ExpertLoad;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.ExpertOrder;
import org.foretoken.kernels.op.FakeQuantize;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Op;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.QuantizeExperts;
import org.foretoken.kernels.op.QuantizeSegments;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.RmsNormGrad;
import org.foretoken.kernels.op.Rope;
import org.foretoken.kernels.op.SplitColumns;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.SwiGluGrad;
import org.foretoken.kernels.op.Zero;

/**
 * How far a device's output may be from the reference, in one table for all operations.
 *
 * @param similarity bound on {@link TensorError#similarity}
 * @param max bound on {@link TensorError#max}
 */
public record OperationTolerance(double similarity, double max) {
  /** Every bit equal. */
  public static final OperationTolerance EXACT = new OperationTolerance(0, 0);

  /** FP32 arithmetic with sums in any order. */
  public static final OperationTolerance FP32 = new OperationTolerance(1e-11, 1e-5);

  /** Values rounded to BF16 at the end: one unit in the last place. */
  public static final OperationTolerance BF16_RESULT = new OperationTolerance(1e-6, 0x1p-7);

  /**
   * Values rounded to BF16 on the way: where FP32 and double fall on two sides of a tie, a term is
   * one unit in the last place of BF16 apart.
   */
  public static final OperationTolerance BF16_INSIDE = new OperationTolerance(1e-7, 0x1p-8);

  /**
   * FP8 products on Hopper's tensor cores, which align the products of a step and keep about 14
   * bits of their sum. The bound of every FP8 product against the exact one (docs/NUMERICS.md); an
   * H200 was within 1e-8 and 3.4e-4.
   */
  public static final OperationTolerance FP8_TENSOR_CORE = new OperationTolerance(1e-6, 0x1p-10);

  /** The bound for one output of one node where {@code tested} carried it out. */
  public static OperationTolerance of(Node node, Tensor output, Backend tested) {
    return tested.shortSums(node) ? FP8_TENSOR_CORE : of(node.op(), output);
  }

  /** The bound for one output of one operation. */
  public static OperationTolerance of(Op op, Tensor output) {
    return switch (op) {
      case Zero _, Add _, ConcatColumns _, SplitColumns _, Embedding _, CacheAppend _ -> EXACT;
      case LatentHeads _, ExpertOrder _, ExpertDispatch _, ExpertLoad _, ExpertBias _ -> EXACT;
      case Quantize _, QuantizeBoth _, Dequantize _, FakeQuantize _, Cast _ -> EXACT;
      case QuantizeExperts _, QuantizeSegments _ -> EXACT;
      case ExpertGate _ -> output.dtype() == DType.I32 ? EXACT : FP32;
      case ExpertGateGrad _, ExpertBalance _, ExpertDispatchGrad _, ExpertCombine _ -> FP32;
      case ExpertCombineGrad _, ExpertMatMul _, ExpertFp8MatMul _ -> FP32;
      case SwiGlu _, SwiGluGrad _, RmsNorm _, RmsNormGrad _, Rope _, EmbeddingGrad _ -> FP32;
      case AbsorbQuery _, ExpandLatent _, CachedLatentAttention _ -> FP32;
      case LatentHeadsGrad _, Attention _, AttentionGrad _, CachedAttention _, SumSquares _ -> FP32;
      case MatMul _, Fp8MatMul _, CrossEntropyEval _ -> FP32;
      case CrossEntropyHead head -> head.precision() == Precision.BF16 ? BF16_INSIDE : FP32;
      case AdamW _ -> output.dtype() == DType.BF16 ? BF16_RESULT : FP32;
    };
  }

  /** Whether {@code error} is within both bounds. */
  public boolean allows(TensorError error) {
    return equals(EXACT)
        ? error.mismatches() == 0
        : error.similarity() <= similarity && error.max() <= max;
  }

  @Override
  public String toString() {
    return equals(EXACT)
        ? "exact"
        : String.format(Locale.ROOT, "similarity %.0e, max %.0e", similarity, max);
  }
}
