package org.foretoken.model.decode;

/** Told each new token as soon as it is decided. */
@FunctionalInterface
public interface TokenListener {
  /** Ignores the tokens. */
  TokenListener NONE = (request, token, proposedBy) -> {};

  /**
   * A token was decided.
   *
   * @param request index of the prompt in its batch
   * @param token the token
   * @param proposedBy number of the draft that it was, from 1, or 0 for the trunk's own
   */
  void token(int request, int token, int proposedBy);
}
