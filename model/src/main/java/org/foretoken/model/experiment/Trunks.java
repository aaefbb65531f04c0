package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.data.Document;
import org.foretoken.model.data.TokenStream;
import org.foretoken.model.mtp.MtpForward;
import org.foretoken.model.nn.PrecisionTable;

/** What a trained model's trunk predicts, token by token; and texts made of examples. */
final class Trunks {
  /** Hears of one predicted token. */
  interface Predicted {
    /**
     * A token of a sequence.
     *
     * @param sequence index of the sequence
     * @param position of the token, from 1
     * @param loss its negative log-likelihood, nats
     * @param right whether it had the largest logit
     */
    void token(int sequence, int position, double loss, boolean right);
  }

  private Trunks() {}

  /** A text of these documents, with a tenth of them held out. */
  static Corpus corpus(String what, List<byte[]> documents) {
    List<Document> all = new ArrayList<>();
    for (int i = 0; i < documents.size(); i++) {
      all.add(new Document(Integer.toString(i), documents.get(i)));
    }
    int held = Math.max(1, all.size() / 10);
    return new Corpus(
        what,
        new TokenStream(all.subList(held, all.size())),
        new TokenStream(all.subList(0, held)));
  }

  /** Predicts every token of some sequences, each padded to the training length. */
  static void predict(Training training, List<byte[]> sequences, Predicted each) {
    RunConfig run = training.run();
    ModelConfig trunk = run.model().withMtpDepth(0);
    int batch = run.train().batchSize();
    int length = run.train().sequenceLength();
    MtpForward forward =
        new MtpForward(
            training.backend(), trunk, PrecisionTable.of(run.train().recipe()), batch, length);
    for (int from = 0; from + batch <= sequences.size(); from += batch) {
      int[][] ids = new int[batch][length];
      for (int b = 0; b < batch; b++) {
        ids[b] = padded(sequences.get(from + b), length);
      }
      float[][][] logits = forward.logits(ids)[0];
      for (int b = 0; b < batch; b++) {
        int count = Math.min(length, sequences.get(from + b).length);
        for (int t = 1; t < count; t++) {
          float[] scores = logits[b][t - 1];
          int token = ids[b][t];
          each.token(from + b, t, loss(scores, token), right(scores, token));
        }
      }
    }
  }

  /** 0 for the first letter of a word, 1 for a letter inside one, 2 for all else. */
  static int kind(int before, int token) {
    if (!Character.isLetter(token & 0xFF)) {
      return 2;
    }
    return Character.isLetter(before & 0xFF) ? 1 : 0;
  }

  /** The bytes as tokens, at least {@code length} of them. */
  static int[] padded(byte[] bytes, int length) {
    int[] ids = new int[length];
    Arrays.fill(ids, TokenStream.END_OF_DOCUMENT);
    for (int i = 0; i < Math.min(length, bytes.length); i++) {
      ids[i] = bytes[i] & 0xFF;
    }
    return ids;
  }

  private static double loss(float[] logits, int token) {
    double most = Double.NEGATIVE_INFINITY;
    for (float l : logits) {
      most = Math.max(most, l);
    }
    double sum = 0;
    for (float l : logits) {
      sum += Math.exp(l - most);
    }
    return Math.log(sum) + most - logits[token];
  }

  private static boolean right(float[] logits, int token) {
    for (int i = 0; i < logits.length; i++) {
      if (logits[i] > logits[token] || logits[i] == logits[token] && i < token) {
        return false;
      }
    }
    return true;
  }
}
