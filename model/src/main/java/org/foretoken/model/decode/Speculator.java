package org.foretoken.model.decode;

import java.util.Arrays;
import java.util.List;
import org.foretoken.model.decode.DecodeGraphs.Kind;

/**
 * Self-speculative decoding (DeepSeek-V3, section 2.2, "MTP in inference"): the MTP modules propose
 * the tokens after the next one, and the trunk checks all of them in the same run that computes the
 * next one. Several sequences go through each run together, each at its own pace.
 *
 * <p>Each round feeds the trunk the last known token t_n and the drafts d_1 .. d_m. Row 0 says what
 * t_{n+1} is; if that is d_1, row 1 was fed the right token and says what t_{n+2} is, and so on:
 * the first disagreement ends the round with the trunk's own token. Then module k, whose row i is
 * fed h^{k-1}_i and t_{i+k}, brings its cache up to row n' - 1, and its last row proposes d_k. A
 * row that was fed a draft is fed again in the next round, when the token is known.
 *
 * <p>Drafts beyond D come from module D again: it goes on to row n', n' + 1, .. with its own normed
 * hidden state of the row before in the place of h^{D-1}, which the trunk has yet to compute
 * (SGLang decodes DeepSeek-V3's single module like this; EAGLE, arXiv 2401.15077). Those rows too
 * are fed again once their tokens and hidden states are known.
 *
 * <p>With temperature 0 the result is the trunk's own greedy continuation, token for token: it
 * rests on every row of a run having the same bits whatever rows run beside it. With sampling the
 * result has the trunk's distribution.
 */
final class Speculator {
  /** A module that is further behind than this catches up in runs of their own. */
  private static final int FEW_ROWS = 8;

  private final CachedModel model;
  private final List<DecodeSequence> sequences;
  private final int depths;
  private final int vocabulary;
  private final StepRows rows = new StepRows();

  Speculator(CachedModel model, List<DecodeSequence> sequences) {
    this.model = model;
    this.sequences = sequences;
    depths = model.config().mtpDepth();
    vocabulary = model.config().vocabSize();
  }

  List<Generation> run() {
    long started = System.nanoTime();
    sequences.forEach(this::readPrompt);
    long read = System.nanoTime();
    double promptSeconds = (read - started) * 1e-9;
    Generation[] results = new Generation[sequences.size()];
    int left = sequences.size();
    while (left > 0) {
      verify();
      for (int i = 0; i < results.length; i++) {
        if (results[i] == null && sequences.get(i).done()) {
          double seconds = (System.nanoTime() - read) * 1e-9;
          results[i] = sequences.get(i).result(promptSeconds, seconds);
          left--;
        }
      }
      draft();
    }
    return Arrays.asList(results);
  }

  /** Feeds the trunk all but the last token, and the modules every row whose tokens are known. */
  private void readPrompt(DecodeSequence s) {
    model.prefill(0, tokens(s, 0, s.known() - 1), 0, s.span());
    for (int k = 1; k <= Math.min(depths, s.mostDrafts()); k++) {
      // Row i wants h^{k-1}_i, which lags a row behind with each depth, and t_{i+k}.
      int end = Math.max(0, s.known() - k);
      model.prefill(k, tokens(s, k, k + end), 0, s.span());
      s.fed(k, end);
    }
  }

  private static int[] tokens(DecodeSequence s, int from, int to) {
    int[] ids = new int[Math.max(0, to - from)];
    Arrays.setAll(ids, i -> s.token(from + i));
    return ids;
  }

  /** One run of the trunk over the last known tokens and the drafts behind them. */
  private void verify() {
    rows.clear();
    for (DecodeSequence s : sequences) {
      if (!s.done()) {
        s.addRows(rows);
      }
    }
    float[] logits = model.run(Kind.TRUNK, 0, rows);
    int row = 0;
    for (DecodeSequence s : sequences) {
      if (!s.done()) {
        row += s.verify(logits, row * vocabulary, vocabulary);
      }
    }
  }

  /** Lets the modules propose the tokens after the last known ones. */
  private void draft() {
    int most = 0;
    for (DecodeSequence s : sequences) {
      most = Math.max(most, s.wanted());
    }
    for (int k = 1; k <= most; k++) {
      rows.clear();
      for (DecodeSequence s : sequences) {
        if (s.wanted() >= k) {
          addRows(s, k);
        }
      }
      float[] logits = model.run(kind(k, most), Math.min(k, depths), rows);
      int row = 0;
      for (DecodeSequence s : sequences) {
        if (s.wanted() >= k) {
          s.draft(logits, row++ * vocabulary, vocabulary);
        }
      }
    }
  }

  private Kind kind(int k, int most) {
    if (k > depths) {
      return Kind.REUSED;
    }
    return k == depths && most > depths ? Kind.MODULE_KEPT : Kind.MODULE;
  }

  /** Adds the rows from which draft {@code k} of a sequence follows. */
  private void addRows(DecodeSequence s, int k) {
    int last = s.known() - 2; // the last row whose hidden state the trunk has computed
    if (k > depths) {
      int row = last + k - depths;
      rows.add(s.token(row + depths), row, s.span(), true);
      return;
    }
    int first = s.moduleNext(k);
    if (last - first >= FEW_ROWS) {
      model.prefill(k, tokens(s, first + k, last + k), first, s.span());
      first = last;
    }
    for (int i = first; i <= last; i++) {
      rows.add(s.token(i + k), i, s.span(), i == last);
    }
    s.fed(k, s.known() - k); // rows i with i + k < known saw decided tokens only
  }
}
