package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.RmsNormBackward;
import org.foretoken.kernels.kernel.RmsNormForward;
import org.foretoken.kernels.kernel.RmsNormWeightPartial;
import org.foretoken.kernels.kernel.RopeRotate;
import org.foretoken.kernels.kernel.StripSum;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.Rope;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Tasks of RMSNorm, its gradient, and rotary positions. */
final class NormTasks {
  /** Strips of rows whose sums are added in a second stage. */
  private static final int MOST_STRIPS = 64;

  private NormTasks() {}

  static void rmsNorm(Node node, RmsNorm op, TaskList tasks) {
    if (tasks.fusion().isAbsorbed(node)) {
      FusedTasks.rmsNormStats(node, op, tasks);
      return;
    }
    FloatArray x = tasks.f32(node.in(0));
    FloatArray weight = tasks.f32(node.in(1));
    FloatArray y = tasks.f32(node.out(0));
    FloatArray rstd = tasks.f32(node.out(1));
    int columns = node.in(0).columns();
    float eps = op.eps();
    tasks.add(
        "rmsNormForward",
        TaskList.groups(node.in(0).rows(), RmsNormForward.GROUP),
        (g, id) ->
            g.task(
                id,
                RmsNormForward::rmsNormForward,
                TaskList.CONTEXT,
                x,
                weight,
                y,
                rstd,
                columns,
                eps));
  }

  static void rmsNormGrad(Node node, TaskList tasks) {
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    FloatArray x = tasks.f32(node.in(0));
    FloatArray weight = tasks.f32(node.in(1));
    FloatArray rstd = tasks.f32(node.in(2));
    FloatArray dy = tasks.f32(node.in(3));
    FloatArray dx = tasks.f32(node.out(0));
    tasks.add(
        "rmsNormBackward",
        TaskList.groups(rows, RmsNormBackward.GROUP),
        (g, id) ->
            g.task(
                id,
                RmsNormBackward::rmsNormBackward,
                TaskList.CONTEXT,
                x,
                weight,
                rstd,
                dy,
                dx,
                columns));
    int stripRows = Math.max(16, Math.ceilDiv(rows, MOST_STRIPS));
    int strips = Math.max(1, Math.ceilDiv(rows, stripRows));
    tasks.touch(x, rstd, dy);
    FloatArray partial = tasks.scratchF32((long) strips * columns);
    tasks.add(
        "rmsNormWeightPartial",
        (g, id) ->
            g.task(
                id,
                RmsNormWeightPartial::rmsNormWeightPartial,
                x,
                rstd,
                dy,
                partial,
                rows,
                columns,
                strips,
                stripRows));
    tasks.touch(partial);
    FloatArray dWeight = tasks.f32(node.out(1));
    tasks.add(
        "stripSum", (g, id) -> g.task(id, StripSum::stripSum, partial, dWeight, strips, columns));
  }

  static void rope(Node node, Rope op, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    IntArray positions = tasks.i32(node.in(1));
    FloatArray y = tasks.f32(node.out(0));
    int rotaryDim = op.rotaryDim();
    FloatArray frequencies =
        tasks.constant("rope " + op.theta() + " " + rotaryDim, () -> frequencies(op));
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    int headDim = op.headDim();
    int sign = op.inverse() ? -1 : 1;
    tasks.add(
        "ropeRotate",
        (g, id) ->
            g.task(
                id,
                RopeRotate::ropeRotate,
                x,
                positions,
                frequencies,
                y,
                rows,
                columns,
                headDim,
                rotaryDim,
                sign));
  }

  /** theta^(-2j/rotaryDim) as FP32, and what that rounding left, as FP32. */
  private static float[] frequencies(Rope op) {
    int pairs = op.rotaryDim() / 2;
    float[] table = new float[Math.max(1, 2 * pairs)];
    for (int j = 0; j < pairs; j++) {
      double frequency = Math.pow(op.theta(), -2.0 * j / op.rotaryDim());
      table[j] = (float) frequency;
      table[pairs + j] = (float) (frequency - table[j]);
    }
    return table;
  }
}
