package org.foretoken.model.convert;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.foretoken.model.checkpoint.TensorInfo;

/**
 * Which tensors of a checkpoint are weights of linear layers that run in FP8, by name and shape.
 *
 * <p>DeepSeek-V3's rule (arXiv 2412.19437, section 3.3.1, and its published weights): the
 * projections of attention and feed-forward network are quantized; embedding, output head, norms,
 * gates and the MTP module's {@code eh_proj} stay as they are. In names: a matrix {@code
 * X.NAME.weight} is quantized if NAME ends in {@code _proj} or {@code _proj_with_mqa} and is not
 * {@code eh_proj}. What has another name stays as it is; matrices among it are reported, for {@code
 * include} to name them.
 *
 * @param include what else is quantized, if it is a matrix; or null
 * @param exclude what stays as it is, whatever else holds; or null
 */
public record LinearWeights(Pattern include, Pattern exclude) {
  /** The rule alone. */
  public static final LinearWeights BY_NAME = new LinearWeights(null, null);

  private static final String WEIGHT = ".weight";
  private static final List<String> LINEAR = List.of("_proj", "_proj_with_mqa");
  private static final Set<String> KEPT =
      Set.of("eh_proj", "embed_tokens", "lm_head", "head", "gate", "router", "shared_expert_gate");

  /** What becomes of a tensor, and why. */
  public enum Decision {
    QUANTIZE("weight of a linear layer"),
    KEEP_EXCLUDED("excluded"),
    KEEP_TYPE("not F32, BF16 or F16"),
    KEEP_SHAPE("not a matrix"),
    KEEP_NAMED("embedding, head, gate or eh_proj"),
    KEEP_UNKNOWN("no known name of a linear layer");

    private final String reason;

    Decision(String reason) {
      this.reason = reason;
    }

    /** The reason in words. */
    public String reason() {
      return reason;
    }
  }

  /** What becomes of {@code tensor}. */
  public Decision decide(TensorInfo tensor) {
    String name = tensor.name();
    if (exclude != null && exclude.matcher(name).find()) {
      return Decision.KEEP_EXCLUDED;
    }
    if (!tensor.dtype().isHighPrecision()) {
      return Decision.KEEP_TYPE;
    }
    if (tensor.shape().size() != 2 || tensor.elements() == 0) {
      return Decision.KEEP_SHAPE;
    }
    if (include != null && include.matcher(name).find()) {
      return Decision.QUANTIZE;
    }
    if (!name.endsWith(WEIGHT)) {
      return Decision.KEEP_UNKNOWN;
    }
    String module = name.substring(0, name.length() - WEIGHT.length());
    module = module.substring(module.lastIndexOf('.') + 1);
    if (KEPT.contains(module)) {
      return Decision.KEEP_NAMED;
    }
    return LINEAR.stream().anyMatch(module::endsWith) ? Decision.QUANTIZE : Decision.KEEP_UNKNOWN;
  }
}
