package org.foretoken.kernels.reference;

import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CachedAttention;
import org.foretoken.kernels.op.CachedLatentAttention;

/**
 * Causal attention over packed documents, and over a cache. Query head h uses key/value head h *
 * kvHeads / heads.
 */
final class Attentions {
  private Attentions() {}

  /** The columns of one query head and its key/value head. */
  private record Head(int q, int k, int v, int o, int headDim, int valueDim) {
    static Head of(int head, int heads, int kvHeads, int headDim, int valueDim) {
      int shared = head / (heads / kvHeads);
      return new Head(
          head * headDim, shared * headDim, shared * valueDim, head * valueDim, headDim, valueDim);
    }
  }

  /**
   * For rows i and each head: o[i] = softmax over j = firstRow[i] .. i of (scale * q[i] k[j]) v[j].
   */
  static void attention(Attention op, Operands x) {
    Matrix q = x.in(0);
    int[] firstRow = documents(x);
    Matrix lse = x.out(1);
    for (int h = 0; h < op.heads(); h++) {
      Head head = Head.of(h, op.heads(), op.kvHeads(), op.headDim(), op.valueDim());
      for (int i = 0; i < q.rows(); i++) {
        lse.set(
            i, h, attend(head, op.scale(), q, i, x.in(1), x.in(2), firstRow[i], i + 1, x.out(0)));
      }
    }
  }

  /** For slots s and each head: o[s] = softmax over j = begins[s] .. ends[s] - 1 as above. */
  static void cachedAttention(CachedAttention op, Operands x) {
    Matrix q = x.in(0);
    Matrix keys = x.in(1);
    int[] begins = x.integers(3);
    int[] ends = x.integers(4);
    for (int s = 0; s < q.rows(); s++) {
      x.check(3, s, 0, ends[s] - 1);
      x.check(4, s, 1, keys.rows());
      for (int h = 0; h < op.heads(); h++) {
        Head head = Head.of(h, op.heads(), op.kvHeads(), op.headDim(), op.valueDim());
        attend(head, op.scale(), q, s, keys, x.in(2), begins[s], ends[s], x.out(0));
      }
    }
  }

  /** As above, on one key for all heads, whose first columns are its value too. */
  static void cachedLatent(CachedLatentAttention op, Operands x) {
    Matrix q = x.in(0);
    Matrix cache = x.in(1);
    int[] begins = x.integers(2);
    int[] ends = x.integers(3);
    for (int s = 0; s < q.rows(); s++) {
      x.check(2, s, 0, ends[s] - 1);
      x.check(3, s, 1, cache.rows());
      for (int h = 0; h < op.heads(); h++) {
        int width = op.latentDim() + op.ropeDim();
        Head head = new Head(h * width, 0, 0, h * op.latentDim(), width, op.latentDim());
        attend(head, op.scale(), q, s, cache, cache, begins[s], ends[s], x.out(0));
      }
    }
  }

  /** Writes o[i] for one head and returns log sum over j of exp(score[j]). */
  private static double attend(
      Head head, double scale, Matrix q, int i, Matrix k, Matrix v, int begin, int end, Matrix o) {
    double[] score = new double[end - begin];
    double max = Double.NEGATIVE_INFINITY;
    for (int j = begin; j < end; j++) {
      score[j - begin] = scale * dot(q, i, head.q, k, j, head.k, head.headDim);
      max = Math.max(max, score[j - begin]);
    }
    double denominator = 0;
    for (int j = begin; j < end; j++) {
      denominator += Math.exp(score[j - begin] - max);
    }
    for (int c = 0; c < head.valueDim; c++) {
      double sum = 0;
      for (int j = begin; j < end; j++) {
        sum += Math.exp(score[j - begin] - max) / denominator * v.at(j, head.v + c);
      }
      o.set(i, head.o + c, sum);
    }
    return max + Math.log(denominator);
  }

  /**
   * With p[i][j] = exp(scale * q[i] k[j] - lse[i]), dp[i][j] = dO[i] v[j] and ds[i][j] = p[i][j] *
   * (dp[i][j] - dO[i] o[i]): dv[j] = sum over i of p[i][j] dO[i]; dq[i] = scale * sum over j of
   * ds[i][j] k[j]; dk[j] = scale * sum over i of ds[i][j] q[i]. Query heads that share a key/value
   * head add up there.
   */
  static void attentionGrad(AttentionGrad op, Operands x) {
    Matrix q = x.in(0);
    Matrix k = x.in(1);
    Matrix v = x.in(2);
    int[] firstRow = documents(x);
    Matrix o = x.in(4);
    Matrix lse = x.in(5);
    Matrix dO = x.in(6);
    // Sums first, results afterwards: a result may lie in the memory of an operand.
    Matrix dq = Matrix.zeros(q.rows(), q.columns());
    Matrix dk = Matrix.zeros(k.rows(), k.columns());
    Matrix dv = Matrix.zeros(v.rows(), v.columns());
    for (int h = 0; h < op.heads(); h++) {
      Head head = Head.of(h, op.heads(), op.kvHeads(), op.headDim(), op.valueDim());
      for (int i = 0; i < q.rows(); i++) {
        double dOo = dot(dO, i, head.o, o, i, head.o, head.valueDim);
        for (int j = firstRow[i]; j <= i; j++) {
          double score = op.scale() * dot(q, i, head.q, k, j, head.k, head.headDim);
          double p = Math.exp(score - lse.at(i, h));
          double dp = dot(dO, i, head.o, v, j, head.v, head.valueDim);
          double ds = p * (dp - dOo);
          for (int c = 0; c < head.valueDim; c++) {
            dv.add(j, head.v + c, p * dO.at(i, head.o + c));
          }
          for (int c = 0; c < head.headDim; c++) {
            dq.add(i, head.q + c, op.scale() * ds * k.at(j, head.k + c));
            dk.add(j, head.k + c, op.scale() * ds * q.at(i, head.q + c));
          }
        }
      }
    }
    System.arraycopy(dq.values(), 0, x.vectorOut(0), 0, dq.values().length);
    System.arraycopy(dk.values(), 0, x.vectorOut(1), 0, dk.values().length);
    System.arraycopy(dv.values(), 0, x.vectorOut(2), 0, dv.values().length);
  }

  /** firstRow (operand 3 of both), each element checked to be a row up to its own. */
  private static int[] documents(Operands x) {
    int[] firstRow = x.integers(3);
    for (int i = 0; i < firstRow.length; i++) {
      x.check(3, i, 0, i);
    }
    return firstRow;
  }

  private static double dot(
      Matrix a, int i, int aColumn, Matrix b, int j, int bColumn, int columns) {
    double sum = 0;
    for (int c = 0; c < columns; c++) {
      sum += a.at(i, aColumn + c) * b.at(j, bColumn + c);
    }
    return sum;
  }
}
