package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.CrossEntropyCount;
import org.foretoken.kernels.kernel.CrossEntropyRows;
import org.foretoken.kernels.kernel.CrossEntropyStats;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Precision;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Tasks of the output head and its cross-entropy, a chunk of rows at a time. */
final class LossTasks {
  /** Logits that are held at a time: 256 MiB. */
  private static final long MOST_LOGITS = 1L << 26;

  private static final int LEAST_ROWS = 64;

  private LossTasks() {}

  /** Losses and gradients: stats, dHidden, dWeight. */
  static void head(Node node, Precision precision, TaskList tasks) {
    FloatArray nll = tasks.scratchF32(node.in(0).rows());
    emit(node, precision, nll, true, tasks);
  }

  /** Losses alone: stats and the loss of each row. */
  static void eval(Node node, Precision precision, TaskList tasks) {
    emit(node, precision, tasks.f32(node.out(1)), false, tasks);
  }

  private static void emit(
      Node node, Precision precision, FloatArray nll, boolean gradient, TaskList tasks) {
    int rows = node.in(0).rows();
    int width = node.in(0).columns();
    int vocabulary = node.in(1).rows();
    int chunk = (int) Math.min(rows, Math.max(LEAST_ROWS, MOST_LOGITS / Math.max(1, vocabulary)));
    FloatArray hidden =
        MatMulTasks.rounded(tasks.f32(node.in(0)), 0, rows * width, precision, tasks);
    FloatArray weight =
        MatMulTasks.rounded(tasks.f32(node.in(1)), 0, vocabulary * width, precision, tasks);
    IntArray targets = tasks.i32(node.in(2));
    FloatArray count = tasks.scratchF32(1);
    tasks.add(
        "crossEntropyCount",
        TaskList.groups(1, CrossEntropyCount.GROUP),
        (g, id) ->
            g.task(
                id, CrossEntropyCount::crossEntropyCount, TaskList.CONTEXT, targets, count, rows));
    FloatArray hits = tasks.scratchF32(rows);
    FloatArray logits = tasks.scratchF32((long) chunk * vocabulary);
    FloatArray coefficient = gradient ? tasks.f32(node.in(3)) : count;
    int flag = gradient ? 1 : 0;
    int bf16 = precision == Precision.BF16 ? 1 : 0;
    for (int first = 0; first < rows; first += chunk) {
      int here = Math.min(chunk, rows - first);
      int row = first;
      MatMulTasks.product(
          Layout.NT,
          hidden,
          weight,
          logits,
          here,
          vocabulary,
          width,
          first * width,
          0,
          0,
          false,
          tasks);
      tasks.touch(logits, targets, coefficient, count, nll, hits);
      tasks.add(
          "crossEntropyRows",
          TaskList.groups(here, CrossEntropyRows.GROUP),
          (g, id) ->
              g.task(
                  id,
                  CrossEntropyRows::crossEntropyRows,
                  TaskList.CONTEXT,
                  logits,
                  targets,
                  coefficient,
                  count,
                  nll,
                  hits,
                  vocabulary,
                  row,
                  flag,
                  bf16));
      if (gradient) {
        FloatArray dHidden = tasks.f32(node.out(1));
        MatMulTasks.product(
            Layout.NN,
            logits,
            weight,
            dHidden,
            here,
            width,
            vocabulary,
            0,
            0,
            first * width,
            false,
            tasks);
        FloatArray dWeight = tasks.f32(node.out(2));
        MatMulTasks.product(
            Layout.TN,
            logits,
            hidden,
            dWeight,
            vocabulary,
            width,
            here,
            0,
            first * width,
            0,
            true,
            tasks);
      }
    }
    FloatArray stats = tasks.f32(node.out(0));
    tasks.touch(nll, hits, count);
    tasks.add(
        "crossEntropyStats",
        TaskList.groups(1, CrossEntropyStats.GROUP),
        (g, id) ->
            g.task(
                id,
                CrossEntropyStats::crossEntropyStats,
                TaskList.CONTEXT,
                nll,
                hits,
                count,
                stats,
                rows));
  }
}
