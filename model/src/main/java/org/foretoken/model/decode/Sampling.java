package org.foretoken.model.decode;

import java.util.random.RandomGenerator;

/** Choosing tokens from logits, and accepting drafts without changing the distribution. */
final class Sampling {
  private Sampling() {}

  /** Index of the largest logit; the lowest of equals. */
  static int argmax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  /** softmax(logits / temperature) in double. */
  static double[] distribution(float[] logits, double temperature) {
    double max = logits[argmax(logits)];
    double[] p = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp((logits[i] - max) / temperature);
      sum += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= sum;
    }
    return p;
  }

  /** A draw from a distribution that sums to about 1. */
  static int draw(double[] p, RandomGenerator random) {
    double u = random.nextDouble();
    int last = 0;
    for (int i = 0; i < p.length; i++) {
      if (p[i] > 0) {
        last = i;
        u -= p[i];
        if (u < 0) {
          return i;
        }
      }
    }
    return last;
  }

  /**
   * Whether a token drawn from {@code draft} is accepted as a draw from {@code target}: with
   * probability min(1, target / draft) (Leviathan et al., arXiv 2211.17192, section 2.3).
   */
  static boolean accept(int token, double[] target, double[] draft, RandomGenerator random) {
    return random.nextDouble() * draft[token] < target[token];
  }

  /**
   * A draw from the positive part of target - draft, normalised: what replaces a rejected token.
   */
  static int drawResidual(double[] target, double[] draft, RandomGenerator random) {
    double[] rest = new double[target.length];
    double sum = 0;
    for (int i = 0; i < rest.length; i++) {
      rest[i] = Math.max(0, target[i] - draft[i]);
      sum += rest[i];
    }
    if (sum <= 0) {
      return draw(target, random); // equal distributions, rejected only by rounding
    }
    for (int i = 0; i < rest.length; i++) {
      rest[i] /= sum;
    }
    return draw(rest, random);
  }
}
