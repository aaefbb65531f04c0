package org.foretoken.kernels.reference;

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
}
