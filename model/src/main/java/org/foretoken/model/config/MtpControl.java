package org.foretoken.model.config;

/**
 * A deliberate mistake in how the MTP modules are trained, to see that measurements notice it: with
 * either, the modules' own loss may look well while hardly a draft is accepted. For experiments; a
 * model that is to be used has {@link #NONE}.
 */
public enum MtpControl {
  /** No mistake: module k at row i sees t_0 .. t_{i+k} and predicts t_{i+k+1}. */
  NONE,

  /** Module k is trained to predict t_{i+k+2}, one token later than it is used for. */
  SHIFTED_TARGETS,

  /**
   * The modules' attention has no causal mask, as in the chapter's listing: beside the causal
   * attention a second one, added to it, sees the row and all rows after it, and so the embedding
   * of the very token to predict. When drafting there is nothing after the last row, and the second
   * attention sees that row alone.
   */
  NO_MASK
}
