package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.ExpertBalanceBackward;
import org.foretoken.kernels.kernel.ExpertBalanceRank;
import org.foretoken.kernels.kernel.ExpertBalanceShares;
import org.foretoken.kernels.kernel.ExpertBalanceTotal;
import org.foretoken.kernels.kernel.ExpertBiasStep;
import org.foretoken.kernels.kernel.ExpertCombineBackward;
import org.foretoken.kernels.kernel.ExpertCombineForward;
import org.foretoken.kernels.kernel.ExpertCounts;
import org.foretoken.kernels.kernel.ExpertDispatchBackward;
import org.foretoken.kernels.kernel.ExpertDispatchForward;
import org.foretoken.kernels.kernel.ExpertGateBackward;
import org.foretoken.kernels.kernel.ExpertGateSelect;
import org.foretoken.kernels.kernel.ExpertLoadAdd;
import org.foretoken.kernels.kernel.ExpertPlace;
import org.foretoken.kernels.kernel.ExpertStarts;
import org.foretoken.kernels.kernel.ExpertTotals;
import org.foretoken.kernels.op.ExpertBalance;
import org.foretoken.kernels.op.ExpertBias;
import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertGateGrad;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Tasks of routing: which rows go to which experts, and there and back. */
final class ExpertTasks {
  private ExpertTasks() {}

  static void gate(Node node, ExpertGate op, TaskList tasks) {
    FloatArray logits = tasks.f32(node.in(0));
    FloatArray bias = tasks.f32(node.in(1));
    FloatArray scores = tasks.f32(node.out(0));
    IntArray selected = tasks.i32(node.out(1));
    FloatArray gates = tasks.f32(node.out(2));
    int rows = node.in(0).rows();
    int experts = node.in(0).columns();
    int perToken = op.perToken();
    int groups = op.groups();
    int topkGroup = op.topkGroup();
    int normalize = op.normalize() ? 1 : 0;
    float scale = op.scale();
    tasks.add(
        "expertGateSelect",
        (g, id) ->
            g.task(
                id,
                ExpertGateSelect::expertGateSelect,
                logits,
                bias,
                scores,
                selected,
                gates,
                rows,
                experts,
                perToken,
                groups,
                topkGroup,
                normalize,
                scale,
                ExpertGate.EPSILON));
  }

  static void gateGrad(Node node, ExpertGateGrad op, TaskList tasks) {
    FloatArray scores = tasks.f32(node.in(0));
    IntArray selected = tasks.i32(node.in(1));
    FloatArray dGates = tasks.f32(node.in(2));
    FloatArray dLogits = tasks.f32(node.out(0));
    int rows = node.in(0).rows();
    int experts = node.in(0).columns();
    int perToken = node.in(1).columns();
    int normalize = op.normalize() ? 1 : 0;
    float scale = op.scale();
    tasks.add(
        "expertGateBackward",
        (g, id) ->
            g.task(
                id,
                ExpertGateBackward::expertGateBackward,
                scores,
                selected,
                dGates,
                dLogits,
                rows,
                experts,
                perToken,
                normalize,
                scale,
                ExpertGate.EPSILON));
  }

  static void balance(Node node, ExpertBalance op, TaskList tasks) {
    int rows = node.in(0).rows();
    int experts = node.in(0).columns();
    int perToken = op.perToken();
    FloatArray scores = tasks.f32(node.in(0));
    FloatArray sums = tasks.scratchF32(rows);
    IntArray kth = tasks.scratchI32(rows);
    tasks.add(
        "expertBalanceRank",
        (g, id) ->
            g.task(
                id,
                ExpertBalanceRank::expertBalanceRank,
                scores,
                sums,
                kth,
                rows,
                experts,
                perToken));
    IntArray firstRow = tasks.i32(node.in(1));
    FloatArray shares = tasks.scratchF32((long) rows * experts);
    FloatArray products = tasks.scratchF32((long) rows * experts);
    tasks.touch(scores, sums, kth);
    tasks.add(
        "expertBalanceShares",
        (g, id) ->
            g.task(
                id,
                ExpertBalanceShares::expertBalanceShares,
                scores,
                firstRow,
                sums,
                kth,
                shares,
                products,
                rows,
                experts,
                perToken));
    FloatArray balance = tasks.f32(node.out(0));
    tasks.touch(products);
    tasks.add(
        "expertBalanceTotal",
        TaskList.groups(1, ExpertBalanceTotal.GROUP),
        (g, id) ->
            g.task(
                id,
                ExpertBalanceTotal::expertBalanceTotal,
                TaskList.CONTEXT,
                products,
                balance,
                rows * experts));
    FloatArray coefficient = tasks.f32(node.in(2));
    FloatArray dLogits = tasks.f32(node.out(1));
    tasks.touch(scores, firstRow, sums, shares);
    tasks.add(
        "expertBalanceBackward",
        (g, id) ->
            g.task(
                id,
                ExpertBalanceBackward::expertBalanceBackward,
                scores,
                firstRow,
                sums,
                shares,
                coefficient,
                dLogits,
                rows,
                experts));
  }

  static void order(Node node, TaskList tasks) {
    int pairs = (int) node.in(0).shape().elements();
    int experts = node.out(1).rows();
    int blocks = Math.ceilDiv(pairs, ExpertCounts.BLOCK);
    IntArray selected = tasks.i32(node.in(0));
    IntArray counts = tasks.scratchI32((long) blocks * experts);
    tasks.add(
        "expertCounts",
        (g, id) ->
            g.task(id, ExpertCounts::expertCounts, selected, counts, pairs, blocks, experts));
    IntArray segments = tasks.i32(node.out(1));
    tasks.touch(counts);
    tasks.add(
        "expertTotals",
        (g, id) -> g.task(id, ExpertTotals::expertTotals, counts, segments, blocks, experts));
    tasks.touch(segments);
    tasks.add("expertStarts", (g, id) -> g.task(id, ExpertStarts::expertStarts, segments, experts));
    IntArray positions = tasks.i32(node.out(0));
    tasks.touch(selected, segments, counts);
    tasks.add(
        "expertPlace",
        (g, id) ->
            g.task(
                id,
                ExpertPlace::expertPlace,
                selected,
                segments,
                counts,
                positions,
                pairs,
                blocks,
                experts));
  }

  static void dispatch(Node node, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    IntArray positions = tasks.i32(node.in(1));
    FloatArray y = tasks.f32(node.out(0));
    int pairs = node.out(0).rows();
    int perToken = node.in(1).columns();
    int columns = node.in(0).columns();
    tasks.add(
        "expertDispatchForward",
        (g, id) ->
            g.task(
                id,
                ExpertDispatchForward::expertDispatchForward,
                x,
                positions,
                y,
                pairs,
                perToken,
                columns));
  }

  static void dispatchGrad(Node node, TaskList tasks) {
    FloatArray dy = tasks.f32(node.in(0));
    IntArray positions = tasks.i32(node.in(1));
    FloatArray dx = tasks.f32(node.out(0));
    int rows = node.out(0).rows();
    int perToken = node.in(1).columns();
    int columns = node.in(0).columns();
    tasks.add(
        "expertDispatchBackward",
        (g, id) ->
            g.task(
                id,
                ExpertDispatchBackward::expertDispatchBackward,
                dy,
                positions,
                dx,
                rows,
                perToken,
                columns));
  }

  static void combine(Node node, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    IntArray positions = tasks.i32(node.in(1));
    FloatArray gates = tasks.f32(node.in(2));
    FloatArray y = tasks.f32(node.out(0));
    int rows = node.out(0).rows();
    int perToken = node.in(1).columns();
    int columns = node.in(0).columns();
    tasks.add(
        "expertCombineForward",
        (g, id) ->
            g.task(
                id,
                ExpertCombineForward::expertCombineForward,
                x,
                positions,
                gates,
                y,
                rows,
                perToken,
                columns));
  }

  static void combineGrad(Node node, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    IntArray positions = tasks.i32(node.in(1));
    FloatArray gates = tasks.f32(node.in(2));
    FloatArray dy = tasks.f32(node.in(3));
    FloatArray dx = tasks.f32(node.out(0));
    FloatArray dGates = tasks.f32(node.out(1));
    int perToken = node.in(1).columns();
    int columns = node.in(0).columns();
    tasks.add(
        "expertCombineBackward",
        TaskList.groups(node.in(0).rows(), ExpertCombineBackward.GROUP),
        (g, id) ->
            g.task(
                id,
                ExpertCombineBackward::expertCombineBackward,
                TaskList.CONTEXT,
                x,
                positions,
                gates,
                dy,
                dx,
                dGates,
                perToken,
                columns));
  }

  static void load(Node node, TaskList tasks) {
    IntArray segments = tasks.i32(node.in(0));
    FloatArray load = tasks.f32(node.out(0));
    int experts = node.out(0).rows();
    tasks.add(
        "expertLoadAdd",
        (g, id) -> g.task(id, ExpertLoadAdd::expertLoadAdd, segments, load, experts));
  }

  static void bias(Node node, ExpertBias op, TaskList tasks) {
    FloatArray load = tasks.f32(node.in(0));
    FloatArray bias = tasks.f32(node.out(0));
    int experts = node.in(0).rows();
    float speed = op.speed();
    tasks.add(
        "expertBiasStep",
        (g, id) -> g.task(id, ExpertBiasStep::expertBiasStep, load, bias, experts, speed));
  }
}
