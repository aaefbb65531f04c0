package org.foretoken.model.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** One prompt being continued: its tokens, its drafts, and which of them the trunk agreed with. */
final class DecodeSequence {
  private final int index;
  private final GenerateOptions options;
  private final StepRows.Span span;
  private final TokenListener listener;
  private final RandomGenerator random;
  private final int[] tokens;
  private final int[] proposedBy;
  private final int prompt;
  private int known; // tokens[0 .. known-1] are decided
  private final int[] drafts;
  private final double[][] draftDistributions;
  private int draftCount;
  private final int[] moduleNext; // first row that module k has still to be fed, by k
  private final List<DraftCheck> checks = new ArrayList<>();
  private int steps;
  private boolean stopped;

  DecodeSequence(
      int index,
      GenerateRequest request,
      StepRows.Span span,
      int mtpDepth,
      TokenListener listener) {
    this.index = index;
    this.span = span;
    this.listener = listener;
    options = request.options();
    random = new SplittableRandom(options.seed());
    tokens = Arrays.copyOf(request.prompt(), span.length());
    proposedBy = new int[tokens.length];
    prompt = request.prompt().length;
    known = prompt;
    drafts = new int[options.drafts()];
    draftDistributions = new double[options.drafts()][];
    moduleNext = new int[mtpDepth + 1];
  }

  StepRows.Span span() {
    return span;
  }

  boolean done() {
    return stopped || known == tokens.length;
  }

  /** Tokens that are decided. */
  int known() {
    return known;
  }

  int token(int i) {
    return i < known ? tokens[i] : drafts[i - known];
  }

  /** Drafts wanted for the next step: no more than could still be used. */
  int wanted() {
    return done() ? 0 : Math.min(options.drafts(), tokens.length - known - 1);
  }

  /** Drafts asked for in a full step. */
  int mostDrafts() {
    return options.drafts();
  }

  int moduleNext(int depth) {
    return moduleNext[depth];
  }

  /** Notes that module {@code depth} was fed all rows before {@code row} with decided tokens. */
  void fed(int depth, int row) {
    moduleNext[depth] = Math.max(0, row);
  }

  /** Adds the rows that the trunk is to check: the last known token and the drafts behind it. */
  void addRows(StepRows rows) {
    for (int j = 0; j <= draftCount; j++) {
      rows.add(token(known - 1 + j), known - 1 + j, span, true);
    }
  }

  /**
   * Takes the trunk's word on the rows of {@link #addRows}: row j says what follows draft j. The
   * first disagreement ends the step with the trunk's own token.
   *
   * @param logits logits of the first row from {@code from} on, rows {@code vocabulary} apart
   * @return rows that were looked at, which is as many as were added
   */
  int verify(float[] logits, int from, int vocabulary) {
    int rows = draftCount + 1;
    int first = known;
    steps++;
    int taken = 0;
    for (; taken < draftCount; taken++) {
      int at = from + taken * vocabulary;
      boolean agrees = agrees(taken, logits, at, vocabulary);
      checks.add(new DraftCheck(first + taken - prompt, taken + 1, true, agrees));
      if (!agrees) {
        break;
      }
    }
    for (int j = taken + 1; j < draftCount; j++) {
      checks.add(new DraftCheck(first + j - prompt, j + 1, false, false));
    }
    int own = own(taken, logits, from + taken * vocabulary, vocabulary);
    for (int j = 0; j < taken && !stopped; j++) {
      append(drafts[j], j + 1);
    }
    if (!stopped) {
      append(own, 0);
    }
    draftCount = 0;
    return rows;
  }

  private boolean agrees(int j, float[] logits, int at, int vocabulary) {
    if (options.temperature() == 0) {
      return Sampling.argmax(logits, at, vocabulary) == drafts[j];
    }
    double[] target = Sampling.distribution(logits, at, vocabulary, options);
    return Sampling.accept(drafts[j], target, draftDistributions[j], random);
  }

  /** The trunk's own token where there is no draft, or where draft {@code j} was rejected. */
  private int own(int j, float[] logits, int at, int vocabulary) {
    if (options.temperature() == 0) {
      return Sampling.argmax(logits, at, vocabulary);
    }
    double[] target = Sampling.distribution(logits, at, vocabulary, options);
    return j < draftCount
        ? Sampling.drawResidual(target, draftDistributions[j], random)
        : Sampling.draw(target, random);
  }

  private void append(int token, int draft) {
    tokens[known] = token;
    proposedBy[known] = draft;
    known++;
    stopped = token == options.stopToken();
    listener.token(index, token, draft);
  }

  /** Chooses the next draft from a module's logits. */
  void draft(float[] logits, int at, int vocabulary) {
    if (options.temperature() == 0) {
      drafts[draftCount] = Sampling.argmax(logits, at, vocabulary);
    } else {
      double[] q = Sampling.distribution(logits, at, vocabulary, options);
      drafts[draftCount] = Sampling.draw(q, random);
      draftDistributions[draftCount] = q;
    }
    draftCount++;
  }

  Generation result(double promptSeconds, double decodeSeconds) {
    return new Generation(
        Arrays.copyOfRange(tokens, prompt, known),
        Arrays.copyOfRange(proposedBy, prompt, known),
        steps,
        checks,
        promptSeconds,
        decodeSeconds);
  }
}
