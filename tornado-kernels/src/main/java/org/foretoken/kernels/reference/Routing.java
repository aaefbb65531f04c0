package org.foretoken.kernels.reference;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.foretoken.kernels.op.ExpertBalance;
import org.foretoken.kernels.op.ExpertBias;
import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertGateGrad;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;

/** Which rows go to which experts, and what keeps them balanced (DeepSeek-V3, section 2.1.2). */
final class Routing {
  private Routing() {}

  /** scores = sigmoid(logits); the K largest scores + bias of the best groups; their gates. */
  static void gate(ExpertGate op, Operands x) {
    Matrix logits = x.in(0);
    double[] bias = x.vectorIn(1);
    Matrix scores = x.out(0);
    int[] experts = x.integersOut(1);
    Matrix gates = x.out(2);
    for (int n = 0; n < logits.rows(); n++) {
      double[] biased = new double[bias.length];
      for (int i = 0; i < bias.length; i++) {
        scores.set(n, i, 1 / (1 + Math.exp(-logits.at(n, i))));
        double value = scores.at(n, i) + bias[i];
        biased[i] = Double.isNaN(value) ? Double.NEGATIVE_INFINITY : value;
      }
      int[] selected = select(op, biased);
      double sum = ExpertGate.EPSILON;
      for (int i : selected) {
        sum += scores.at(n, i);
      }
      for (int k = 0; k < selected.length; k++) {
        experts[n * op.perToken() + k] = selected[k];
        double score = scores.at(n, selected[k]);
        gates.set(n, k, op.scale() * (op.normalize() ? score / sum : score));
      }
    }
  }

  private static int[] select(ExpertGate op, double[] biased) {
    int width = biased.length / op.groups();
    double[] groupScores = new double[op.groups()];
    for (int g = 0; g < op.groups(); g++) {
      double[] sorted = Arrays.copyOfRange(biased, g * width, (g + 1) * width);
      Arrays.sort(sorted);
      groupScores[g] = sorted[width - 1] + (width > 1 ? sorted[width - 2] : 0);
    }
    return Arrays.stream(largest(groupScores, IntStream.range(0, op.groups()), op.topkGroup()))
        .boxed()
        .flatMap(g -> IntStream.range(g * width, (g + 1) * width).boxed())
        .sorted(Comparator.comparingDouble((Integer i) -> -biased[i]).thenComparingInt(i -> i))
        .limit(op.perToken())
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The {@code count} indices of the largest values, the lower index first among equals. */
  private static int[] largest(double[] values, IntStream indices, int count) {
    return indices
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -values[i]).thenComparingInt(i -> i))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The gates' gradient through normalisation and sigmoid, for the selected experts. */
  static void gateGrad(ExpertGateGrad op, Operands x) {
    Matrix scores = x.in(0);
    int[] experts = x.indices(1, scores.columns());
    Matrix dGates = x.in(2);
    Matrix dLogits = x.out(0);
    int perToken = dGates.columns();
    for (int n = 0; n < scores.rows(); n++) {
      double sum = ExpertGate.EPSILON;
      double weighted = 0;
      for (int k = 0; k < perToken; k++) {
        double score = scores.at(n, experts[n * perToken + k]);
        sum += score;
        weighted += dGates.at(n, k) * score;
      }
      for (int i = 0; i < scores.columns(); i++) {
        dLogits.set(n, i, 0);
      }
      for (int k = 0; k < perToken; k++) {
        int i = experts[n * perToken + k];
        double g = dGates.at(n, k);
        double dScore = op.scale() * (op.normalize() ? (g - weighted / sum) / sum : g);
        dLogits.set(n, i, dScore * scores.at(n, i) * (1 - scores.at(n, i)));
      }
    }
  }

  /** balance = sum over documents of T / N sum_i f_i P_i; its gradient, f held fixed. */
  static void balance(ExpertBalance op, Operands x) {
    Matrix scores = x.in(0);
    int rows = scores.rows();
    int experts = scores.columns();
    int[] firstRow = x.indices(1, rows);
    double coefficient = x.vectorIn(2)[0];
    Matrix dLogits = x.out(1);
    double balance = 0;
    for (int first = 0, end; first < rows; first = end) {
      end = first;
      while (end < rows && firstRow[end] == firstRow[first]) {
        end++;
      }
      int length = end - first;
      double[] f = new double[experts];
      double[] p = new double[experts];
      for (int n = first; n < end; n++) {
        double[] row = Arrays.copyOfRange(scores.values(), n * experts, (n + 1) * experts);
        for (int i : largest(row, IntStream.range(0, experts), op.perToken())) {
          f[i] += (double) experts / (op.perToken() * (double) length);
        }
        double sum = Arrays.stream(row).sum();
        for (int i = 0; i < experts; i++) {
          p[i] += row[i] / sum / length;
        }
      }
      for (int i = 0; i < experts; i++) {
        balance += (double) length / rows * f[i] * p[i];
      }
      for (int n = first; n < end; n++) {
        double sum = 0;
        double weighted = 0;
        for (int i = 0; i < experts; i++) {
          sum += scores.at(n, i);
          weighted += f[i] * scores.at(n, i);
        }
        for (int i = 0; i < experts; i++) {
          double s = scores.at(n, i);
          double dScore = coefficient / rows * (f[i] - weighted / sum) / sum;
          dLogits.add(n, i, dScore * s * (1 - s));
        }
      }
    }
    x.vectorOut(0)[0] = balance;
  }

  /** Grouped rows of each pair of row and expert, and the rows of each expert. */
  static void order(Operands x) {
    int[] segments = x.integersOut(1);
    int count = segments.length / Segments.WIDTH;
    int[] experts = x.indices(0, count);
    int[] positions = x.integersOut(0);
    int row = 0;
    int tile = 0;
    for (int e = 0; e < count; e++) {
      int first = row;
      for (int i = 0; i < experts.length; i++) {
        if (experts[i] == e) {
          positions[i] = row++;
        }
      }
      segments[e * Segments.WIDTH + Segments.FIRST] = first;
      segments[e * Segments.WIDTH + Segments.ROWS] = row - first;
      segments[e * Segments.WIDTH + Segments.TILE] = tile;
      tile += Math.ceilDiv(row - first, Tile.SIZE);
    }
  }

  /** load[i] += rows of expert i. */
  static void load(Operands x) {
    int[] segments = x.integers(0);
    double[] load = x.vectorOut(0);
    for (int e = 0; e < load.length; e++) {
      load[e] += segments[e * Segments.WIDTH + Segments.ROWS];
    }
  }

  /** bias[i] +-= speed, towards the mean load. */
  static void bias(ExpertBias op, Operands x) {
    double[] load = x.vectorIn(0);
    double[] bias = x.vectorOut(0);
    double mean = Arrays.stream(load).sum() / load.length;
    for (int e = 0; e < load.length; e++) {
      bias[e] += op.speed() * Math.signum(mean - load[e]);
    }
  }
}
