package org.foretoken.model.nn;

/** Names of parameters, after DeepSeek-V3's published weights. */
public final class ParameterNames {
  /** Token embedding [V,E], shared by the trunk and every MTP module. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** Norm after the trunk's last block [E]. */
  public static final String FINAL_NORM = "model.norm.weight";

  /** Output head [V,E], shared by the trunk and every MTP module. */
  public static final String HEAD = "lm_head.weight";

  private ParameterNames() {}

  /** Prefix of block {@code layer}; the MTP module of depth k is block {@code layers + k - 1}. */
  public static String block(int layer) {
    return "model.layers." + layer + ".";
  }
}
