package org.foretoken.kernels.reference;

import org.foretoken.kernels.op.AbsorbQuery;
import org.foretoken.kernels.op.ExpandLatent;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;

/** Multi-head latent attention around the attention itself (DeepSeek-V2, arXiv 2405.04434). */
final class Latents {
  private Latents() {}

  /** k[i,h] = [kv[i,h,:nope] ; kRope[i]], v[i,h] = kv[i,h,nope:]. */
  static void heads(LatentHeads op, Operands x) {
    Matrix kv = x.in(0);
    Matrix kRope = x.in(1);
    for (int i = 0; i < kv.rows(); i++) {
      for (int h = 0; h < op.heads(); h++) {
        int source = h * (op.nopeDim() + op.valueDim());
        int key = h * (op.nopeDim() + op.ropeDim());
        for (int c = 0; c < op.nopeDim(); c++) {
          x.out(0).set(i, key + c, kv.at(i, source + c));
        }
        for (int c = 0; c < op.ropeDim(); c++) {
          x.out(0).set(i, key + op.nopeDim() + c, kRope.at(i, c));
        }
        for (int c = 0; c < op.valueDim(); c++) {
          x.out(1).set(i, h * op.valueDim() + c, kv.at(i, source + op.nopeDim() + c));
        }
      }
    }
  }

  /** dkv[i,h] = [dk[i,h,:nope] ; dv[i,h]], dkRope[i] = sum over h of dk[i,h,nope:]. */
  static void headsGrad(LatentHeadsGrad op, Operands x) {
    Matrix dk = x.in(0);
    Matrix dv = x.in(1);
    for (int i = 0; i < dk.rows(); i++) {
      double[] shared = new double[op.ropeDim()];
      for (int h = 0; h < op.heads(); h++) {
        int target = h * (op.nopeDim() + op.valueDim());
        int key = h * (op.nopeDim() + op.ropeDim());
        for (int c = 0; c < op.nopeDim(); c++) {
          x.out(0).set(i, target + c, dk.at(i, key + c));
        }
        for (int c = 0; c < op.valueDim(); c++) {
          x.out(0).set(i, target + op.nopeDim() + c, dv.at(i, h * op.valueDim() + c));
        }
        for (int c = 0; c < op.ropeDim(); c++) {
          shared[c] += dk.at(i, key + op.nopeDim() + c);
        }
      }
      for (int c = 0; c < op.ropeDim(); c++) {
        x.out(1).set(i, c, shared[c]);
      }
    }
  }

  /** y[s,h] = [q[s,h,:nope] W_UK[h] ; q[s,h,nope:]]. */
  static void absorb(AbsorbQuery op, Operands x, boolean exact) {
    Matrix q = x.in(0);
    Matrix entered = Products.enter(q, op.precision(), exact);
    Matrix weight = Products.enter(x.in(1), op.precision(), exact);
    for (int s = 0; s < q.rows(); s++) {
      for (int h = 0; h < op.heads(); h++) {
        int from = h * (op.nopeDim() + op.ropeDim());
        int to = h * (op.latentDim() + op.ropeDim());
        int w = h * (op.nopeDim() + op.valueDim());
        for (int c = 0; c < op.latentDim(); c++) {
          double sum = 0;
          for (int d = 0; d < op.nopeDim(); d++) {
            sum += entered.at(s, from + d) * weight.at(w + d, c);
          }
          x.out(0).set(s, to + c, sum);
        }
        for (int c = 0; c < op.ropeDim(); c++) {
          x.out(0).set(s, to + op.latentDim() + c, q.at(s, from + op.nopeDim() + c));
        }
      }
    }
  }

  /** y[s,h] = W_UV[h] o[s,h]. */
  static void expand(ExpandLatent op, Operands x, boolean exact) {
    Matrix o = Products.enter(x.in(0), op.precision(), exact);
    Matrix weight = Products.enter(x.in(1), op.precision(), exact);
    for (int s = 0; s < o.rows(); s++) {
      for (int h = 0; h < op.heads(); h++) {
        int w = h * (op.nopeDim() + op.valueDim()) + op.nopeDim();
        for (int v = 0; v < op.valueDim(); v++) {
          double sum = 0;
          for (int c = 0; c < op.latentDim(); c++) {
            sum += o.at(s, h * op.latentDim() + c) * weight.at(w + v, c);
          }
          x.out(0).set(s, h * op.valueDim() + v, sum);
        }
      }
    }
  }
}
