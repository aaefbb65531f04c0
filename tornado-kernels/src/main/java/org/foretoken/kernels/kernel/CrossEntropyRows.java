package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** nll = log sum exp(logits) - logits[target]; dLogits = coefficient/count (softmax - onehot). */
public final class CrossEntropyRows {
  /** Work items of a group. */
  public static final int GROUP = GroupReduce.SIZE;

  private CrossEntropyRows() {}

  /**
   * One work group a row of the chunk. A row whose target is negative has loss and gradient 0.
   *
   * @param logits F32 [chunk rows, vocabulary], row-major; overwritten by dLogits where asked for
   * @param targets I32 [rows]
   * @param coefficient F32 [1]
   * @param count F32 [1]: rows that count
   * @param nll F32 [rows], written at the chunk's rows
   * @param hits F32 [rows], written likewise: 1 where the largest logit is the target's, else 0
   * @param firstRow the chunk's first row
   * @param gradient 1 to write dLogits, else 0
   * @param bf16 1 to round dLogits to BF16, else 0
   */
  public static void crossEntropyRows(
      KernelContext context,
      FloatArray logits,
      IntArray targets,
      FloatArray coefficient,
      FloatArray count,
      FloatArray nll,
      FloatArray hits,
      int vocabulary,
      int firstRow,
      int gradient,
      int bf16) {
    int item = context.localIdx;
    int row = context.groupIdx;
    int target = targets.get(firstRow + row);
    float largest = -1.0e30f;
    for (int c = item; c < vocabulary; c += GROUP) {
      largest = TornadoMath.max(largest, logits.get(row * vocabulary + c));
    }
    float max = GroupReduce.max(context, largest);
    float sum = 0f;
    float earlier = 0f; // columns before the target's with the largest logit
    for (int c = item; c < vocabulary; c += GROUP) {
      float logit = logits.get(row * vocabulary + c);
      sum = sum + TornadoMath.exp(logit - max);
      float before = c < target ? 1f : 0f;
      earlier = logit == max ? earlier + before : earlier;
    }
    float denominator = GroupReduce.sum(context, sum);
    float ahead = GroupReduce.sum(context, earlier);
    if (item == 0) {
      float loss = 0f;
      float hit = 0f;
      if (target >= 0) {
        float logit = logits.get(row * vocabulary + target);
        loss = TornadoMath.log(denominator) + max - logit;
        float first = ahead == 0f ? 1f : 0f;
        hit = logit == max ? first : 0f;
      }
      nll.set(firstRow + row, loss);
      hits.set(firstRow + row, hit);
    }
    context.localBarrier();
    float factor = target >= 0 ? coefficient.get(0) / count.get(0) : 0f;
    int width = gradient == 1 ? vocabulary : 0;
    for (int c = item; c < width; c += GROUP) {
      float p = TornadoMath.exp(logits.get(row * vocabulary + c) - max) / denominator;
      float onehot = c == target ? 1f : 0f;
      float d = factor * (p - onehot);
      logits.set(row * vocabulary + c, bf16 == 1 ? Bf16Codec.round(d) : d);
    }
  }
}
