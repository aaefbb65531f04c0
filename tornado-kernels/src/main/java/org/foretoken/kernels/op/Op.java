package org.foretoken.kernels.op;

import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * What a node of a task graph computes. The family is closed: a backend switches over all of it, so
 * an operation that a backend lacks does not compile.
 */
public sealed interface Op
    permits AbsorbQuery,
        AdamW,
        Add,
        Attention,
        AttentionGrad,
        CacheAppend,
        CachedAttention,
        CachedLatentAttention,
        Cast,
        ConcatColumns,
        CrossEntropyEval,
        CrossEntropyHead,
        Dequantize,
        Embedding,
        EmbeddingGrad,
        ExpandLatent,
        ExpertBalance,
        ExpertBias,
        ExpertCombine,
        ExpertCombineGrad,
        ExpertDispatch,
        ExpertDispatchGrad,
        ExpertFp8MatMul,
        ExpertGate,
        ExpertGateGrad,
        ExpertLoad,
        ExpertMatMul,
        ExpertOrder,
        FakeQuantize,
        Fp8MatMul,
        LatentHeads,
        LatentHeadsGrad,
        MatMul,
        Quantize,
        QuantizeBoth,
        QuantizeExperts,
        QuantizeSegments,
        RmsNorm,
        RmsNormGrad,
        Rope,
        SplitColumns,
        SumSquares,
        SwiGlu,
        SwiGluGrad,
        Zero {
  /** The operands: names, types, shapes, and which are updated. */
  Signature signature();

  /** Extents that the operation's own attributes fix, by the signature's symbols. */
  default Map<String, Integer> bindings() {
    return Map.of();
  }

  /**
   * Checks what the signature cannot say; {@code where} starts the message.
   *
   * @throws org.foretoken.kernels.graph.GraphException when the operands do not fit
   */
  default void validate(String where, List<Tensor> reads, List<Tensor> writes) {}

  /** The operation's name in plans, traces and messages. */
  default String name() {
    return getClass().getSimpleName();
  }
}
