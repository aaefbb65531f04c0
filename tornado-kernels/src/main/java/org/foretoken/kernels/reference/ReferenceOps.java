package org.foretoken.kernels.reference;

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

/** Which loop computes which operation. */
final class ReferenceOps {
  private ReferenceOps() {}

  static void run(Op op, Operands x, boolean exactProducts) {
    switch (op) {
      case Zero zero -> Elementwise.zero(x);
      case Add add -> Elementwise.add(x);
      case SwiGlu swiGlu -> Elementwise.swiGlu(x);
      case SwiGluGrad grad -> Elementwise.swiGluGrad(x);
      case Cast cast -> Elementwise.cast(x, exactProducts);
      case ConcatColumns concat -> Columns.concat(x);
      case SplitColumns split -> Columns.split(x);
      case RmsNorm norm -> Norms.rmsNorm(norm, x);
      case RmsNormGrad grad -> Norms.rmsNormGrad(x);
      case Rope rope -> Rotary.rope(rope, x);
      case Embedding embedding -> Lookups.embedding(x);
      case EmbeddingGrad grad -> Lookups.embeddingGrad(x);
      case CacheAppend append -> Lookups.cacheAppend(x);
      case Attention attention -> Attentions.attention(attention, x);
      case AttentionGrad grad -> Attentions.attentionGrad(grad, x);
      case CachedAttention cached -> Attentions.cachedAttention(cached, x);
      case AbsorbQuery absorb -> Latents.absorb(absorb, x, exactProducts);
      case ExpandLatent expand -> Latents.expand(expand, x, exactProducts);
      case CachedLatentAttention cached -> Attentions.cachedLatent(cached, x);
      case LatentHeads heads -> Latents.heads(heads, x);
      case LatentHeadsGrad grad -> Latents.headsGrad(grad, x);
      case MatMul product -> Products.matMul(product, x, exactProducts);
      case Fp8MatMul product -> Products.fp8MatMul(product, x);
      case ExpertGate gate -> Routing.gate(gate, x);
      case ExpertGateGrad grad -> Routing.gateGrad(grad, x);
      case ExpertBalance balance -> Routing.balance(balance, x);
      case ExpertOrder order -> Routing.order(x);
      case ExpertLoad load -> Routing.load(x);
      case ExpertBias bias -> Routing.bias(bias, x);
      case ExpertDispatch dispatch -> ExpertRows.dispatch(x);
      case ExpertDispatchGrad grad -> ExpertRows.dispatchGrad(x);
      case ExpertCombine combine -> ExpertRows.combine(x);
      case ExpertCombineGrad grad -> ExpertRows.combineGrad(x);
      case ExpertMatMul product -> ExpertRows.matMul(product, x, exactProducts);
      case ExpertFp8MatMul product -> ExpertRows.fp8MatMul(product, x);
      case QuantizeExperts quantize -> ExpertRows.quantize(quantize, x);
      case QuantizeSegments quantize -> ExpertRows.quantizeSegments(quantize, x);
      case CrossEntropyHead head -> CrossEntropies.head(head, x, exactProducts);
      case CrossEntropyEval eval -> CrossEntropies.eval(eval, x, exactProducts);
      case Quantize quantize -> Quantizing.quantize(quantize, x);
      case QuantizeBoth both -> Quantizing.quantizeBoth(both, x);
      case FakeQuantize fake -> Quantizing.fakeQuantize(fake, x);
      case Dequantize dequantize -> Quantizing.dequantize(dequantize, x);
      case SumSquares sum -> Optimizing.sumSquares(x);
      case AdamW adamW -> Optimizing.adamW(adamW, x);
    }
  }
}
