package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.AbsorbQueryForward;
import org.foretoken.kernels.kernel.CachedLatentForward;
import org.foretoken.kernels.kernel.ExpandLatentForward;
import org.foretoken.kernels.kernel.LatentHeadsBackward;
import org.foretoken.kernels.kernel.LatentHeadsForward;
import org.foretoken.kernels.kernel.LatentTile;
import org.foretoken.kernels.op.AbsorbQuery;
import org.foretoken.kernels.op.CachedLatentAttention;
import org.foretoken.kernels.op.ExpandLatent;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Tasks of multi-head latent attention around the attention itself. */
final class LatentTasks {
  private LatentTasks() {}

  static void absorb(Node node, AbsorbQuery op, TaskList tasks) {
    FloatArray whole = tasks.f32(node.in(0));
    int rows = node.in(0).rows();
    int elements = Math.toIntExact(node.in(1).shape().elements());
    FloatArray weight =
        MatMulTasks.rounded(tasks.f32(node.in(1)), 0, elements, op.precision(), tasks);
    FloatArray q =
        MatMulTasks.rounded(
            whole, 0, Math.toIntExact(node.in(0).shape().elements()), op.precision(), tasks);
    tasks.touch(weight, q, whole);
    FloatArray y = tasks.f32(node.out(0));
    int heads = op.heads();
    int nopeDim = op.nopeDim();
    int ropeDim = op.ropeDim();
    int valueDim = op.valueDim();
    int latentDim = op.latentDim();
    tasks.add(
        "absorbQueryForward",
        TaskList.groups(
            Math.ceilDiv(latentDim + ropeDim, LatentTile.GROUP),
            (long) heads * Math.ceilDiv(rows, LatentTile.ROWS),
            LatentTile.GROUP),
        (g, id) ->
            g.task(
                id,
                AbsorbQueryForward::absorbQueryForward,
                TaskList.CONTEXT,
                q,
                whole,
                weight,
                y,
                rows,
                heads,
                nopeDim,
                ropeDim,
                valueDim,
                latentDim));
  }

  static void expand(Node node, ExpandLatent op, TaskList tasks) {
    int rows = node.in(0).rows();
    int elements = Math.toIntExact(node.in(1).shape().elements());
    FloatArray o =
        MatMulTasks.rounded(
            tasks.f32(node.in(0)),
            0,
            Math.toIntExact(node.in(0).shape().elements()),
            op.precision(),
            tasks);
    FloatArray weight =
        MatMulTasks.rounded(tasks.f32(node.in(1)), 0, elements, op.precision(), tasks);
    tasks.touch(o, weight);
    FloatArray y = tasks.f32(node.out(0));
    int heads = op.heads();
    int nopeDim = op.nopeDim();
    int valueDim = op.valueDim();
    int latentDim = op.latentDim();
    tasks.add(
        "expandLatentForward",
        TaskList.groups(
            Math.ceilDiv(valueDim, LatentTile.VALUES),
            (long) heads * Math.ceilDiv(rows, LatentTile.ROWS),
            LatentTile.GROUP),
        (g, id) ->
            g.task(
                id,
                ExpandLatentForward::expandLatentForward,
                TaskList.CONTEXT,
                o,
                weight,
                y,
                rows,
                heads,
                nopeDim,
                valueDim,
                latentDim));
  }

  static void cached(Node node, CachedLatentAttention op, TaskList tasks) {
    FloatArray q = tasks.f32(node.in(0));
    FloatArray cache = tasks.f32(node.in(1));
    IntArray begins = tasks.i32(node.in(2));
    IntArray ends = tasks.i32(node.in(3));
    FloatArray o = tasks.f32(node.out(0));
    int heads = op.heads();
    int latentDim = op.latentDim();
    int ropeDim = op.ropeDim();
    float scale = op.scale();
    tasks.add(
        "cachedLatentForward",
        TaskList.groups(node.in(0).rows(), Math.ceilDiv(heads, LatentTile.HEADS), LatentTile.GROUP),
        (g, id) ->
            g.task(
                id,
                CachedLatentForward::cachedLatentForward,
                TaskList.CONTEXT,
                q,
                cache,
                begins,
                ends,
                o,
                heads,
                latentDim,
                ropeDim,
                scale));
  }

  static void heads(Node node, LatentHeads op, TaskList tasks) {
    FloatArray kv = tasks.f32(node.in(0));
    FloatArray kRope = tasks.f32(node.in(1));
    FloatArray k = tasks.f32(node.out(0));
    FloatArray v = tasks.f32(node.out(1));
    int rows = node.in(0).rows();
    int heads = op.heads();
    int nopeDim = op.nopeDim();
    int ropeDim = op.ropeDim();
    int valueDim = op.valueDim();
    tasks.add(
        "latentHeadsForward",
        (g, id) ->
            g.task(
                id,
                LatentHeadsForward::latentHeadsForward,
                kv,
                kRope,
                k,
                v,
                rows,
                heads,
                nopeDim,
                ropeDim,
                valueDim));
  }

  static void headsGrad(Node node, LatentHeadsGrad op, TaskList tasks) {
    FloatArray dk = tasks.f32(node.in(0));
    FloatArray dv = tasks.f32(node.in(1));
    FloatArray dkv = tasks.f32(node.out(0));
    FloatArray dkRope = tasks.f32(node.out(1));
    int rows = node.in(0).rows();
    int heads = op.heads();
    int nopeDim = op.nopeDim();
    int ropeDim = op.ropeDim();
    int valueDim = op.valueDim();
    tasks.add(
        "latentHeadsBackward",
        (g, id) ->
            g.task(
                id,
                LatentHeadsBackward::latentHeadsBackward,
                dk,
                dv,
                dkv,
                dkRope,
                rows,
                heads,
                nopeDim,
                ropeDim,
                valueDim));
  }
}
