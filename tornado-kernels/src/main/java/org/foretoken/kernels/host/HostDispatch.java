package org.foretoken.kernels.host;

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

/** Which host kernel computes which operation. */
final class HostDispatch {
  private HostDispatch() {}

  /** The kernel of a node, bound to its memory, its shapes and the threads. */
  static Runnable bind(HostOperands x, HostPool pool) {
    return switch (x.node().op()) {
      case AbsorbQuery op -> HostLatentProducts.absorb(op, x, pool);
      case AdamW op -> new HostAdamW(op, x, pool);
      case Add op -> HostElementwise.add(x, pool);
      case Attention op -> HostAttention.of(op, x, pool);
      case AttentionGrad op -> new HostAttentionGrad(op, x, pool);
      case CacheAppend op -> HostEmbedding.cacheAppend(x);
      case CachedAttention op -> HostAttention.of(op, x, pool);
      case CachedLatentAttention op -> HostAttention.of(op, x, pool);
      case Cast op -> HostElementwise.cast(x, pool);
      case ConcatColumns op -> HostElementwise.concatColumns(x, pool);
      case CrossEntropyEval op -> new HostCrossEntropyHead(op, x, pool);
      case CrossEntropyHead op -> new HostCrossEntropyHead(op, x, pool);
      case Dequantize op -> HostQuantizeNode.dequantize(op, x, pool);
      case Embedding op -> HostEmbedding.embedding(x, pool);
      case EmbeddingGrad op -> new HostEmbeddingGrad(x, pool);
      case ExpandLatent op -> HostLatentProducts.expand(op, x, pool);
      case ExpertBalance op -> new HostExpertBalance(op, x, pool);
      case ExpertBias op -> HostExpertLoad.bias(op, x);
      case ExpertCombine op -> HostExpertRows.combine(x, pool);
      case ExpertCombineGrad op -> HostExpertRows.combineGrad(x, pool);
      case ExpertDispatch op -> HostExpertRows.dispatch(x, pool);
      case ExpertDispatchGrad op -> HostExpertRows.dispatchGrad(x, pool);
      case ExpertFp8MatMul op -> new HostExpertFp8MatMul(op, x, pool);
      case ExpertGate op -> new HostExpertGate(op, x, pool);
      case ExpertGateGrad op -> new HostExpertGateGrad(op, x, pool);
      case ExpertLoad op -> HostExpertLoad.load(x);
      case ExpertMatMul op -> new HostExpertMatMul(op, x, pool);
      case ExpertOrder op -> new HostExpertOrder(x);
      case FakeQuantize op -> HostFakeQuantize.of(op, x, pool);
      case Fp8MatMul op -> HostFp8MatMul.of(op, x, pool);
      case LatentHeads op -> HostLatentHeads.forward(op, x, pool);
      case LatentHeadsGrad op -> HostLatentHeads.backward(op, x, pool);
      case MatMul op -> HostMatMul.of(op, x, pool);
      case Quantize op -> HostQuantizeNode.quantize(op, x, pool);
      case QuantizeBoth op -> HostQuantizeNode.quantizeBoth(op, x, pool);
      case QuantizeExperts op -> HostQuantizeExperts.weights(op, x, pool);
      case QuantizeSegments op -> HostQuantizeExperts.segments(op, x, pool);
      case RmsNorm op -> new HostRmsNorm(op, x, pool);
      case RmsNormGrad op -> new HostRmsNormGrad(x, pool);
      case Rope op -> new HostRope(op, x, pool);
      case SplitColumns op -> HostElementwise.splitColumns(x, pool);
      case SumSquares op -> new HostSumSquares(x, pool);
      case SwiGlu op -> HostSwiGlu.forward(x, pool);
      case SwiGluGrad op -> HostSwiGlu.backward(x, pool);
      case Zero op -> HostElementwise.zero(x, pool);
    };
  }
}
