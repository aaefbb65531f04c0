package org.foretoken.model.decode;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.foretoken.fp8.InputException;

/** Choosing tokens from logits, and accepting drafts without changing the distribution. */
final class Sampling {
  private Sampling() {}

  /** Index of the largest logit; the lowest of equals. */
  static int argmax(float[] logits) {
    return argmax(logits, 0, logits.length);
  }

  /**
   * Index of the largest of {@code count} logits from {@code from} on, counted from there.
   *
   * @throws InputException where one is NaN, since no token follows from that
   */
  static int argmax(float[] logits, int from, int count) {
    int best = from;
    float largest = logits[from];
    boolean numbers = largest == largest;
    for (int i = from + 1; i < from + count; i++) {
      numbers &= logits[i] == logits[i];
      if (logits[i] > largest) {
        largest = logits[i];
        best = i;
      }
    }
    if (!numbers) {
      throw new InputException(
          "generate: expected numbers for logits, found NaN; weights of the model are NaN, or too"
              + " large for its precision: look at them with 'foretoken inspect FOLDER'");
    }
    return best - from;
  }

  /** softmax(logits / temperature) in double. */
  static double[] distribution(float[] logits, double temperature) {
    return softmax(logits, 0, logits.length, temperature);
  }

  /**
   * What the options sample from: softmax(logits / temperature), of which top-k and then top-p keep
   * the likeliest tokens, normalised again. Of equal logits at the edge the lower token stays.
   */
  static double[] distribution(float[] logits, int from, int count, GenerateOptions options) {
    double[] p = softmax(logits, from, count, options.temperature());
    int k = options.topK() == 0 ? count : Math.min(options.topK(), count);
    if (k == count && options.topP() == 1) {
      return p;
    }
    Integer[] order = new Integer[count];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Double.compare(p[b], p[a])); // stable: equals by token
    double kept = 0;
    for (int i = 0; i < k; i++) {
      kept += p[order[i]];
    }
    double wanted = options.topP() * kept;
    double sum = 0;
    int last = 0;
    while (last < k && (last == 0 || sum < wanted)) {
      sum += p[order[last++]];
    }
    double[] filtered = new double[count];
    for (int i = 0; i < last; i++) {
      filtered[order[i]] = p[order[i]] / sum;
    }
    return filtered;
  }

  private static double[] softmax(float[] logits, int from, int count, double temperature) {
    double max = logits[from + argmax(logits, from, count)];
    double[] p = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      p[i] = Math.exp((logits[from + i] - max) / temperature);
      sum += p[i];
    }
    for (int i = 0; i < count; i++) {
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
