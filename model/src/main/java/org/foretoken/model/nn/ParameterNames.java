package org.foretoken.model.nn;

/** Names of parameters, after DeepSeek-V3's published weights. */
public final class ParameterNames {
  /** Token embedding [V,E], shared by the trunk and every MTP module. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** Norm after the trunk's last block [E]. */
  public static final String FINAL_NORM = "model.norm.weight";

  /** Output head [V,E], shared by the trunk and every MTP module. */
  public static final String HEAD = "lm_head.weight";

  /** Router of a block with experts [experts,E], after the prefix {@code model.layers.N.mlp.}. */
  public static final String ROUTER = "gate.weight";

  /** The router's balancing bias [experts], a buffer, after the same prefix. */
  public static final String ROUTER_BIAS = "gate.e_score_correction_bias";

  private ParameterNames() {}

  /** Prefix of block {@code layer}; the MTP module of depth k is block {@code layers + k - 1}. */
  public static String block(int layer) {
    return "model.layers." + layer + ".";
  }

  /** The block that a parameter of a block belongs to. */
  public static int layer(String name) {
    return Integer.parseInt(name.split("\\.")[2]);
  }

  /**
   * Name in files of expert {@code expert}'s slice of the stack {@code
   * model.layers.N.mlp.experts.gate_proj.weight}: {@code
   * model.layers.N.mlp.experts.J.gate_proj.weight}.
   */
  public static String expert(String stack, int expert) {
    return stack.replace(".experts.", ".experts." + expert + ".");
  }
}
