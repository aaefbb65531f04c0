package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.AttentionDelta;
import org.foretoken.kernels.kernel.AttentionForward;
import org.foretoken.kernels.kernel.AttentionKeyValueGrad;
import org.foretoken.kernels.kernel.AttentionQueryGrad;
import org.foretoken.kernels.kernel.AttentionTile;
import org.foretoken.kernels.kernel.CachedAttentionForward;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CachedAttention;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Tasks of attention and its gradient. */
final class AttentionTasks {
  private AttentionTasks() {}

  static void attention(Node node, Attention op, TaskList tasks) {
    FloatArray q = tasks.f32(node.in(0));
    FloatArray k = tasks.f32(node.in(1));
    FloatArray v = tasks.f32(node.in(2));
    IntArray firstRow = tasks.i32(node.in(3));
    FloatArray o = tasks.f32(node.out(0));
    FloatArray lse = tasks.f32(node.out(1));
    int rows = node.in(0).rows();
    int heads = op.heads();
    int kvHeads = op.kvHeads();
    int headDim = op.headDim();
    int valueDim = op.valueDim();
    float scale = op.scale();
    fits(node, headDim, valueDim, AttentionTile.forwardBytes(headDim, valueDim));
    tasks.add(
        "attentionForward",
        TaskList.groups(Math.ceilDiv(rows, AttentionTile.ROWS), heads, AttentionTile.GROUP),
        (g, id) ->
            g.task(
                id,
                AttentionForward::attentionForward,
                TaskList.CONTEXT,
                q,
                k,
                v,
                firstRow,
                o,
                lse,
                rows,
                heads,
                kvHeads,
                headDim,
                valueDim,
                scale));
  }

  /** Refuses heads that are too wide before a device's compiler does it in words of its own. */
  private static void fits(Node node, int headDim, int valueDim, int bytes) {
    if (bytes > AttentionTile.MOST_LOCAL_BYTES) {
      throw new DeviceException(
          "node '"
              + node.label()
              + "': heads of "
              + headDim
              + " and values of "
              + valueDim
              + " take "
              + bytes
              + " bytes of a work group's local memory, expected at most "
              + AttentionTile.MOST_LOCAL_BYTES
              + "; use narrower heads, or --device host");
    }
  }

  static void cached(Node node, CachedAttention op, TaskList tasks) {
    FloatArray q = tasks.f32(node.in(0));
    FloatArray keys = tasks.f32(node.in(1));
    FloatArray values = tasks.f32(node.in(2));
    IntArray begins = tasks.i32(node.in(3));
    IntArray ends = tasks.i32(node.in(4));
    FloatArray o = tasks.f32(node.out(0));
    int heads = op.heads();
    int kvHeads = op.kvHeads();
    int headDim = op.headDim();
    int valueDim = op.valueDim();
    float scale = op.scale();
    tasks.add(
        "cachedAttentionForward",
        TaskList.groups(node.in(0).rows(), heads, CachedAttentionForward.GROUP),
        (g, id) ->
            g.task(
                id,
                CachedAttentionForward::cachedAttentionForward,
                TaskList.CONTEXT,
                q,
                keys,
                values,
                begins,
                ends,
                o,
                heads,
                kvHeads,
                headDim,
                valueDim,
                scale));
  }

  static void grad(Node node, AttentionGrad op, TaskList tasks) {
    int rows = node.in(0).rows();
    int heads = op.heads();
    int kvHeads = op.kvHeads();
    int headDim = op.headDim();
    int valueDim = op.valueDim();
    float scale = op.scale();
    fits(node, headDim, valueDim, AttentionTile.gradBytes(headDim, valueDim));
    FloatArray o = tasks.f32(node.in(4));
    FloatArray dO = tasks.f32(node.in(6));
    FloatArray delta = tasks.scratchF32((long) rows * heads);
    tasks.add(
        "attentionDelta",
        (g, id) -> g.task(id, AttentionDelta::attentionDelta, o, dO, delta, rows, heads, valueDim));
    FloatArray q = tasks.f32(node.in(0));
    FloatArray k = tasks.f32(node.in(1));
    FloatArray v = tasks.f32(node.in(2));
    IntArray firstRow = tasks.i32(node.in(3));
    FloatArray lse = tasks.f32(node.in(5));
    FloatArray dq = tasks.f32(node.out(0));
    tasks.touch(delta, dO);
    tasks.add(
        "attentionQueryGrad",
        TaskList.groups(Math.ceilDiv(rows, AttentionTile.ROWS), heads, AttentionTile.GROUP),
        (g, id) ->
            g.task(
                id,
                AttentionQueryGrad::attentionQueryGrad,
                TaskList.CONTEXT,
                q,
                k,
                v,
                firstRow,
                lse,
                delta,
                dO,
                dq,
                rows,
                heads,
                kvHeads,
                headDim,
                valueDim,
                scale));
    FloatArray dk = tasks.f32(node.out(1));
    FloatArray dv = tasks.f32(node.out(2));
    tasks.touch(q, k, v, firstRow, lse, delta, dO);
    tasks.add(
        "attentionKeyValueGrad",
        TaskList.groups(Math.ceilDiv(rows, AttentionTile.ROWS), kvHeads, AttentionTile.GROUP),
        (g, id) ->
            g.task(
                id,
                AttentionKeyValueGrad::attentionKeyValueGrad,
                TaskList.CONTEXT,
                q,
                k,
                v,
                firstRow,
                lse,
                delta,
                dO,
                dk,
                dv,
                rows,
                heads,
                kvHeads,
                headDim,
                valueDim,
                scale));
  }
}
