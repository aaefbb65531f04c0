package org.foretoken.model.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.fp8.InputException;

/**
 * Batches of a token stream. A training batch is a function of seed and step alone, so a run that
 * is resumed at a step sees what the uninterrupted run would have seen.
 *
 * <p>With a document mask the rows of a window are packed documents, which neither see nor predict
 * each other; without it a window is one text, whatever documents it is of.
 */
public final class Batches {
  private final TokenStream stream;
  private final int batchSize;
  private final int sequenceLength;
  private final boolean documentMask;

  /**
   * Cuts {@code stream} into sequences of {@code sequenceLength} tokens.
   *
   * @param what name of the split, for the message
   * @param documentMask whether documents end where they end, or run into each other
   * @throws InputException when the stream is shorter than one sequence
   */
  public Batches(
      String what, TokenStream stream, int batchSize, int sequenceLength, boolean documentMask) {
    if (stream.length() < sequenceLength) {
      throw new InputException(
          "data: "
              + what
              + " part: expected at least "
              + sequenceLength
              + " tokens (train.sequence_length), found "
              + stream.length()
              + "; give more text or a shorter sequence");
    }
    this.stream = stream;
    this.batchSize = batchSize;
    this.sequenceLength = sequenceLength;
    this.documentMask = documentMask;
  }

  /**
   * The micro-batches of training step {@code step}: windows at seeded random places, the same ones
   * however they are divided.
   */
  public List<Batch> training(long seed, int step, int microBatches) {
    SplittableRandom random = new SplittableRandom(mix(seed, step));
    int places = stream.length() - sequenceLength + 1;
    List<Batch> batches = new ArrayList<>();
    for (int m = 0; m < microBatches; m++) {
      Batch batch = Batch.empty(batchSize * sequenceLength);
      for (int i = 0; i < batchSize; i++) {
        fill(batch, i, random.nextInt(places));
      }
      batches.add(batch);
    }
    return batches;
  }

  private void fill(Batch batch, int sequence, int start) {
    batch.fill(stream, sequence, sequenceLength, start, documentMask);
  }

  /**
   * Batch {@code index} of {@code count} of an evaluation: windows spread evenly over the stream.
   */
  public Batch evaluation(int index, int count) {
    Batch batch = Batch.empty(batchSize * sequenceLength);
    long windows = (long) count * batchSize;
    long places = (long) stream.length() - sequenceLength;
    for (int i = 0; i < batchSize; i++) {
      long n = (long) index * batchSize + i;
      int start = (int) (windows == 1 ? 0 : places * n / (windows - 1));
      fill(batch, i, start);
    }
    return batch;
  }

  private static long mix(long seed, long step) {
    long z = seed * 0x9E3779B97F4A7C15L + step;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
