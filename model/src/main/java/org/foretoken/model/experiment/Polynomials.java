package org.foretoken.model.experiment;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/**
 * Expressions over polynomials in F7[X]/(X^5) and what they are, after Gloeckle et al. (arXiv
 * 2404.19737, section 4.2): negation, addition, multiplication and composition, coefficients of the
 * operands and operators drawn uniformly. The paper leaves open how expressions are written; here
 * in prefix notation, lowest coefficient first: {@code +1200030100=1500030...}.
 */
final class Polynomials {
  /** Coefficients of a polynomial. */
  static final int TERMS = 5;

  private static final int FIELD = 7;
  private static final String OPERATORS = "-+*o";

  private final SplittableRandom random;
  private final StringBuilder text = new StringBuilder();

  private Polynomials(SplittableRandom random) {
    this.random = random;
  }

  /** An expression of m operations, {@code =}, and its value's five coefficients. */
  static byte[] example(int operations, SplittableRandom random) {
    Polynomials polynomials = new Polynomials(random);
    int[] value = polynomials.expression(operations);
    polynomials.text.append('=');
    polynomials.append(value);
    return polynomials.text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private int[] expression(int operations) {
    if (operations == 0) {
      int[] p = random.ints(TERMS, 0, FIELD).toArray();
      append(p);
      return p;
    }
    char operator = OPERATORS.charAt(random.nextInt(OPERATORS.length()));
    text.append(operator);
    if (operator == '-') {
      return negated(expression(operations - 1));
    }
    int left = random.nextInt(operations);
    int[] p = expression(left);
    int[] q = expression(operations - 1 - left);
    return switch (operator) {
      case '+' -> sum(p, q);
      case '*' -> product(p, q);
      default -> composed(p, q);
    };
  }

  private void append(int[] polynomial) {
    for (int c : polynomial) {
      text.append((char) ('0' + c));
    }
  }

  /** -p. */
  static int[] negated(int[] p) {
    int[] r = new int[TERMS];
    for (int i = 0; i < TERMS; i++) {
      r[i] = (FIELD - p[i]) % FIELD;
    }
    return r;
  }

  /** p + q. */
  static int[] sum(int[] p, int[] q) {
    int[] r = new int[TERMS];
    for (int i = 0; i < TERMS; i++) {
      r[i] = (p[i] + q[i]) % FIELD;
    }
    return r;
  }

  /** p q mod X^5. */
  static int[] product(int[] p, int[] q) {
    int[] r = new int[TERMS];
    for (int i = 0; i < TERMS; i++) {
      for (int j = 0; i + j < TERMS; j++) {
        r[i + j] = (r[i + j] + p[i] * q[j]) % FIELD;
      }
    }
    return r;
  }

  /** p(q(X)) mod X^5, by Horner's rule. */
  static int[] composed(int[] p, int[] q) {
    int[] r = new int[TERMS];
    for (int i = TERMS - 1; i >= 0; i--) {
      r = product(r, q);
      r[0] = (r[0] + p[i]) % FIELD;
    }
    return r;
  }
}
