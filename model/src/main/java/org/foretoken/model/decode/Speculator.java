package org.foretoken.model.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Self-speculative decoding (DeepSeek-V3, section 2.2, "MTP in inference"): the MTP modules propose
 * the tokens after the next one, and the trunk checks all of them in the same run that computes the
 * next one.
 *
 * <p>Each round feeds the trunk the last known token t_n and the drafts d_1 .. d_m. Row 0 says what
 * t_{n+1} is; if that is d_1, row 1 was fed the right token and says what t_{n+2} is, and so on:
 * the first disagreement ends the round with the trunk's own token. Then module k, whose row i is
 * fed h^{k-1}_i and t_{i+k}, brings its cache up to row n' - 1, and its last row proposes d_k. A
 * row that was fed a draft is fed again in the next round, when the token is known.
 *
 * <p>With temperature 0 the result is the trunk's own greedy continuation, token for token: it
 * rests on every row of a run having the same bits whatever rows run beside it. With sampling the
 * result has the trunk's distribution.
 */
final class Speculator {
  private final CachedModel model;
  private final GenerateOptions options;
  private final RandomGenerator random;
  private final int[] tokens;
  private final int[] proposedBy;
  private final int goal;
  private int known; // tokens[0 .. known-1] are decided
  private final List<Integer> drafts = new ArrayList<>();
  private final List<double[]> draftDistributions = new ArrayList<>();
  private final int[] moduleNext; // first row that module k has still to be fed, by k
  private final long[] proposed;
  private final long[] accepted;
  private int steps;

  Speculator(CachedModel model, int[] prompt, GenerateOptions options) {
    this.model = model;
    this.options = options;
    random = new SplittableRandom(options.seed());
    goal = prompt.length + options.tokens();
    tokens = Arrays.copyOf(prompt, goal + model.config().mtpDepth() + 1);
    proposedBy = new int[tokens.length];
    known = prompt.length;
    int depths = model.config().mtpDepth();
    moduleNext = new int[depths + 1];
    proposed = new long[depths];
    accepted = new long[depths];
  }

  Generation run() {
    int prompt = known;
    model.prefill(Arrays.copyOf(tokens, known - 1), 0);
    long started = System.nanoTime();
    boolean stopped = false;
    while (known < goal && !stopped) {
      int before = known;
      verify();
      for (int i = before; i < known; i++) {
        if (tokens[i] == options.stopToken()) {
          known = i + 1;
          stopped = true;
        }
      }
      if (known < goal && !stopped) {
        draft(Math.min(options.drafts(), goal - known - 1));
      }
    }
    known = Math.min(known, goal);
    double seconds = (System.nanoTime() - started) * 1e-9;
    return new Generation(
        Arrays.copyOfRange(tokens, prompt, known),
        Arrays.copyOfRange(proposedBy, prompt, known),
        steps,
        proposed,
        accepted,
        seconds);
  }

  /** One run of the trunk over the last known token and the drafts behind it. */
  private void verify() {
    int m = drafts.size();
    int[] ids = new int[m + 1];
    ids[0] = tokens[known - 1];
    for (int j = 0; j < m; j++) {
      ids[j + 1] = drafts.get(j);
      proposed[j]++;
    }
    float[][] logits = model.trunk(ids, known - 1);
    steps++;
    for (int j = 0; j <= m; j++) {
      boolean agrees = j < m && agrees(j, logits[j]);
      if (agrees) {
        accepted[j]++;
        append(drafts.get(j), j + 1);
      } else {
        append(own(j, logits[j]), 0);
        return;
      }
    }
  }

  private boolean agrees(int j, float[] logits) {
    if (options.temperature() == 0) {
      return Sampling.argmax(logits) == drafts.get(j);
    }
    double[] target = Sampling.distribution(logits, options.temperature());
    return Sampling.accept(drafts.get(j), target, draftDistributions.get(j), random);
  }

  /** The trunk's own token where there is no draft, or where draft {@code j} was rejected. */
  private int own(int j, float[] logits) {
    if (options.temperature() == 0) {
      return Sampling.argmax(logits);
    }
    double[] target = Sampling.distribution(logits, options.temperature());
    return j < drafts.size()
        ? Sampling.drawResidual(target, draftDistributions.get(j), random)
        : Sampling.draw(target, random);
  }

  private void append(int token, int depth) {
    tokens[known] = token;
    proposedBy[known] = depth;
    known++;
  }

  /** Lets modules 1..count propose the tokens after the last known one. */
  private void draft(int count) {
    drafts.clear();
    draftDistributions.clear();
    int lastRow = known - 2; // the last row whose hidden state the trunk has computed
    if (lastRow < 0) {
      return;
    }
    for (int k = 1; k <= count; k++) {
      int first = moduleNext[k];
      int[] ids = new int[lastRow - first + 1];
      for (int i = 0; i < ids.length; i++) {
        int at = first + i + k;
        ids[i] = at < known ? tokens[at] : drafts.get(at - known);
      }
      float[] logits = model.module(k, ids, first);
      moduleNext[k] = Math.max(0, known - k); // rows i with i + k < known saw decided tokens only
      if (options.temperature() == 0) {
        drafts.add(Sampling.argmax(logits));
        draftDistributions.add(null);
      } else {
        double[] q = Sampling.distribution(logits, options.temperature());
        drafts.add(Sampling.draw(q, random));
        draftDistributions.add(q);
      }
    }
  }
}
