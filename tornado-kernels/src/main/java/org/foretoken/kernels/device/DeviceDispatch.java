package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
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

/** Every operation as TornadoVM tasks. */
final class DeviceDispatch {
  private DeviceDispatch() {}

  /** Adds the tasks of {@code node} to {@code tasks}. */
  static void emit(Node node, TaskList tasks) {
    tasks.begin(node);
    switch (node.op()) {
      case Add op -> ElementwiseTasks.add(node, tasks);
      case Zero op -> ElementwiseTasks.zero(node, tasks);
      case SwiGlu op -> ElementwiseTasks.swiGlu(node, tasks);
      case SwiGluGrad op -> ElementwiseTasks.swiGluGrad(node, tasks);
      case Cast op -> ElementwiseTasks.cast(node, tasks);
      case ConcatColumns op -> ElementwiseTasks.concat(node, tasks);
      case SplitColumns op -> ElementwiseTasks.split(node, tasks);
      case Embedding op -> LookupTasks.embedding(node, tasks);
      case EmbeddingGrad op -> LookupTasks.embeddingGrad(node, tasks);
      case CacheAppend op -> LookupTasks.cacheAppend(node, tasks);
      case RmsNorm op -> NormTasks.rmsNorm(node, op, tasks);
      case RmsNormGrad op -> NormTasks.rmsNormGrad(node, tasks);
      case Rope op -> NormTasks.rope(node, op, tasks);
      case Quantize op -> QuantizeTasks.quantize(node, op, tasks);
      case QuantizeBoth op -> QuantizeTasks.quantizeBoth(node, op, tasks);
      case Dequantize op -> QuantizeTasks.dequantize(node, op.tile(), tasks);
      case FakeQuantize op -> FakeQuantizeTasks.fakeQuantize(node, op, tasks);
      case MatMul op -> MatMulTasks.matMul(node, op, tasks);
      case Fp8MatMul op -> MatMulTasks.fp8MatMul(node, op, tasks);
      case SumSquares op -> OptimizerTasks.sumSquares(node, tasks);
      case AdamW op -> OptimizerTasks.adamW(node, op, tasks);
      case Attention op -> AttentionTasks.attention(node, op, tasks);
      case AttentionGrad op -> AttentionTasks.grad(node, op, tasks);
      case CachedAttention op -> AttentionTasks.cached(node, op, tasks);
      case AbsorbQuery op -> LatentTasks.absorb(node, op, tasks);
      case ExpandLatent op -> LatentTasks.expand(node, op, tasks);
      case CachedLatentAttention op -> LatentTasks.cached(node, op, tasks);
      case LatentHeads op -> LatentTasks.heads(node, op, tasks);
      case LatentHeadsGrad op -> LatentTasks.headsGrad(node, op, tasks);
      case ExpertGate op -> ExpertTasks.gate(node, op, tasks);
      case ExpertGateGrad op -> ExpertTasks.gateGrad(node, op, tasks);
      case ExpertBalance op -> ExpertTasks.balance(node, op, tasks);
      case ExpertOrder op -> ExpertTasks.order(node, tasks);
      case ExpertDispatch op -> ExpertTasks.dispatch(node, tasks);
      case ExpertDispatchGrad op -> ExpertTasks.dispatchGrad(node, tasks);
      case ExpertCombine op -> ExpertTasks.combine(node, tasks);
      case ExpertCombineGrad op -> ExpertTasks.combineGrad(node, tasks);
      case ExpertLoad op -> ExpertTasks.load(node, tasks);
      case ExpertBias op -> ExpertTasks.bias(node, op, tasks);
      case ExpertMatMul op -> ExpertMatMulTasks.matMul(node, op, tasks);
      case ExpertFp8MatMul op -> ExpertMatMulTasks.fp8MatMul(node, op, tasks);
      case QuantizeExperts op -> ExpertMatMulTasks.quantizeWeights(node, op, tasks);
      case QuantizeSegments op -> ExpertMatMulTasks.quantizeSegments(node, op, tasks);
      case CrossEntropyHead op -> LossTasks.head(node, op.precision(), tasks);
      case CrossEntropyEval op -> LossTasks.eval(node, op.precision(), tasks);
    }
  }
}
