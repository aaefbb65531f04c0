package org.foretoken.kernels.reference;

import java.util.Arrays;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Layout;

/** The output head with its cross-entropy; rows with a negative target do not count. */
final class CrossEntropies {
  private CrossEntropies() {}

  /** Softmax of all rows, with what the loss needs of each. */
  private record Rows(Matrix probability, double[] nll, boolean[] hit, int count) {
    void stats(double[] stats) {
      Arrays.fill(stats, 0);
      for (int i = 0; i < nll.length; i++) {
        stats[0] += nll[i];
        stats[2] += hit[i] ? 1 : 0;
      }
      stats[1] = count;
    }
  }

  /**
   * logits = hidden weight^T; nll[i] = log sum exp(logits[i]) - logits[i][target]; stats = {sum of
   * nll, count, rows whose largest logit is the target, 0}.
   *
   * <p>dLogits = coefficient / count * (softmax(logits) - onehot(target)); dHidden = dLogits
   * weight; dWeight += dLogits^T hidden.
   */
  static void head(CrossEntropyHead op, Operands x, boolean exact) {
    Matrix hidden = Products.enter(x.in(0), op.precision(), exact);
    Matrix weight = Products.enter(x.in(1), op.precision(), exact);
    int[] targets = x.integers(2);
    double coefficient = x.vectorIn(3)[0];
    Rows rows = softmax(x, hidden, weight);
    rows.stats(x.vectorOut(0));

    Matrix dLogits = Matrix.zeros(hidden.rows(), weight.rows());
    for (int i = 0; i < dLogits.rows(); i++) {
      for (int t = 0; targets[i] >= 0 && t < dLogits.columns(); t++) {
        double onehot = t == targets[i] ? 1 : 0;
        dLogits.set(i, t, coefficient / rows.count * (rows.probability.at(i, t) - onehot));
      }
    }
    dLogits = Products.enter(dLogits, op.precision(), exact);
    Products.multiply(Layout.NN, dLogits, weight, x.out(1), false);
    Products.multiply(Layout.TN, dLogits, hidden, x.out(2), true);
  }

  /** stats as above, and nll of every row, 0 where the target is negative. */
  static void eval(CrossEntropyEval op, Operands x, boolean exact) {
    Matrix hidden = Products.enter(x.in(0), op.precision(), exact);
    Matrix weight = Products.enter(x.in(1), op.precision(), exact);
    Rows rows = softmax(x, hidden, weight);
    rows.stats(x.vectorOut(0));
    System.arraycopy(rows.nll, 0, x.vectorOut(1), 0, rows.nll.length);
  }

  private static Rows softmax(Operands x, Matrix hidden, Matrix weight) {
    int[] targets = x.integers(2);
    Matrix logits = Matrix.zeros(hidden.rows(), weight.rows());
    Products.multiply(Layout.NT, hidden, weight, logits, false);
    Matrix probability = Matrix.zeros(hidden.rows(), weight.rows());
    double[] nll = new double[hidden.rows()];
    boolean[] hit = new boolean[hidden.rows()];
    int count = 0;
    for (int i = 0; i < targets.length; i++) {
      if (targets[i] < 0) {
        continue;
      }
      x.check(2, i, 0, weight.rows() - 1);
      count++;
      int largest = 0;
      for (int t = 1; t < logits.columns(); t++) {
        largest = logits.at(i, t) > logits.at(i, largest) ? t : largest;
      }
      double denominator = 0;
      for (int t = 0; t < logits.columns(); t++) {
        denominator += Math.exp(logits.at(i, t) - logits.at(i, largest));
      }
      for (int t = 0; t < logits.columns(); t++) {
        probability.set(i, t, Math.exp(logits.at(i, t) - logits.at(i, largest)) / denominator);
      }
      nll[i] = Math.log(denominator) + logits.at(i, largest) - logits.at(i, targets[i]);
      hit[i] = largest == targets[i];
    }
    return new Rows(probability, nll, hit, count);
  }
}
