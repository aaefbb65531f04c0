package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.LatentHeadsBackward;
import org.foretoken.kernels.kernel.LatentHeadsForward;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Tasks of multi-head latent attention around the attention itself. */
final class LatentTasks {
  private LatentTasks() {}

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
