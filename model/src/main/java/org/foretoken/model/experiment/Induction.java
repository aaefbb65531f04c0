package org.foretoken.model.experiment;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Stories with names of two tokens, after Gloeckle et al. (arXiv 2404.19737, section 4.1): words of
 * a small vocabulary, and between them names of two random capitals. From its second occurrence on,
 * a name's second capital follows from its first one, by induction alone.
 */
final class Induction {
  /** Letters that a name is made of. */
  static final int LETTERS = 26;

  private static final String[] WORDS = {
    "the", "and", "ran", "to", "a", "saw", "dog", "sun", "in", "on", "hid", "cat", "was", "red"
  };

  private Induction() {}

  /**
   * A story of exactly {@code length} tokens.
   *
   * @param names different names in it
   */
  static byte[] story(int length, int names, SplittableRandom random) {
    byte[] firsts = new byte[names];
    byte[] seconds = new byte[names];
    Set<Integer> taken = new HashSet<>();
    for (int i = 0; i < names; i++) {
      int first = random.nextInt(LETTERS);
      while (!taken.add(first)) {
        first = random.nextInt(LETTERS);
      }
      firsts[i] = (byte) ('A' + first);
      seconds[i] = (byte) ('A' + random.nextInt(LETTERS));
    }
    byte[] story = new byte[length + 8];
    int at = 0;
    while (at < length) {
      String word = WORDS[random.nextInt(WORDS.length)];
      for (int i = 0; i < word.length() && at < length; i++) {
        story[at++] = (byte) word.charAt(i);
      }
      story[at++] = ' ';
      int name = random.nextInt(names);
      story[at++] = firsts[name];
      story[at++] = seconds[name];
      story[at++] = ' ';
    }
    return Arrays.copyOf(story, length);
  }

  /**
   * For each token of a story whether it is the second capital of a name: 1 at the name's first
   * occurrence, 2 at a later one, 0 elsewhere.
   */
  static int[] roles(int[] story) {
    int[] roles = new int[story.length];
    Set<Integer> known = new HashSet<>();
    for (int i = 1; i < story.length; i++) {
      if (capital(story[i]) && capital(story[i - 1])) {
        roles[i] = known.add(story[i - 1]) ? 1 : 2;
      }
    }
    return roles;
  }

  private static boolean capital(int token) {
    return token >= 'A' && token <= 'Z';
  }
}
