package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.AdamWUpdate;
import org.foretoken.kernels.kernel.AdamWUpdateBf16;
import org.foretoken.kernels.kernel.StripSum;
import org.foretoken.kernels.kernel.SumSquaresPartial;
import org.foretoken.kernels.op.AdamW;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Tasks of the optimizer and of the gradient norm. */
final class OptimizerTasks {
  private static final int MOST_GROUPS = 256;
  private static final int ELEMENTS_PER_ITEM = 8;

  private OptimizerTasks() {}

  static void sumSquares(Node node, TaskList tasks) {
    int n = Math.toIntExact(node.in(0).shape().elements());
    int groups =
        Math.clamp(Math.ceilDiv(n, SumSquaresPartial.GROUP * ELEMENTS_PER_ITEM), 1, MOST_GROUPS);
    FloatArray x = tasks.f32(node.in(0));
    FloatArray partial = tasks.scratchF32(groups);
    tasks.add(
        "sumSquaresPartial",
        TaskList.groups(groups, SumSquaresPartial.GROUP),
        (g, id) ->
            g.task(
                id, SumSquaresPartial::sumSquaresPartial, TaskList.CONTEXT, x, partial, n, groups));
    tasks.touch(partial);
    FloatArray sum = tasks.f32(node.out(0));
    tasks.add("stripSum", (g, id) -> g.task(id, StripSum::stripSum, partial, sum, groups, 1));
  }

  static void adamW(Node node, AdamW op, TaskList tasks) {
    int n = Math.toIntExact(node.in(0).shape().elements());
    int decayed = op.decay() ? 1 : 0;
    FloatArray grad = tasks.f32(node.in(0));
    FloatArray hyper = tasks.f32(node.in(1));
    FloatArray squares = tasks.f32(node.in(2));
    FloatArray param = tasks.f32(node.out(0));
    DType moments = node.out(1).dtype();
    if (node.out(2).dtype() != moments) {
      throw new GraphException(
          "operation '"
              + node.label()
              + "': expected both moments in one type, found "
              + moments
              + " and "
              + node.out(2).dtype());
    }
    if (moments == DType.F32) {
      FloatArray m = tasks.f32(node.out(1));
      FloatArray v = tasks.f32(node.out(2));
      tasks.add(
          "adamWUpdate",
          (g, id) ->
              g.task(id, AdamWUpdate::adamWUpdate, grad, hyper, squares, param, m, v, n, decayed));
      return;
    }
    ShortArray m = tasks.shorts(node.out(1));
    ShortArray v = tasks.shorts(node.out(2));
    tasks.add(
        "adamWUpdateBf16",
        (g, id) ->
            g.task(
                id,
                AdamWUpdateBf16::adamWUpdateBf16,
                grad,
                hyper,
                squares,
                param,
                m,
                v,
                n,
                decayed));
  }
}
