package org.foretoken.model.nn;

import java.util.List;
import java.util.stream.IntStream;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Shape;

/**
 * A tensor of a model: a trained parameter, or a buffer that is changed by a rule of its own.
 *
 * @param name name in checkpoints, after DeepSeek-V3's published weights; of a stack the name
 *     without an expert's number
 * @param shape extents; matrices are [out, in], a stack of experts' matrices [experts, out, in]
 * @param init how it starts
 */
public record ParameterSpec(String name, Shape shape, Init init) {
  /** How a parameter starts, and with it whether weight decay applies. */
  public enum Init {
    /** Normal with the configuration's standard deviation; decays. */
    NORMAL,
    /** Normal, divided by sqrt(2 * layers): projections back into the residual stream; decays. */
    NORMAL_RESIDUAL,
    /** Ones: norm weights; no decay. */
    ONES,
    /** Zeros: a router's balancing bias, a buffer. */
    BALANCE
  }

  /**
   * A tensor as files hold it.
   *
   * @param name its name there
   * @param shape its extents
   * @param offset its first element within the parameter
   */
  public record FileTensor(String name, Shape shape, long offset) {}

  /** Whether an optimizer trains it; otherwise it is a buffer. */
  public boolean trained() {
    return init != Init.BALANCE;
  }

  /** Role of the tensor in a graph. */
  public Role role() {
    return trained() ? Role.PARAMETER : Role.STATE;
  }

  /** Whether AdamW's weight decay applies. */
  public boolean decay() {
    return init == Init.NORMAL || init == Init.NORMAL_RESIDUAL;
  }

  /** Number of elements. */
  public long elements() {
    return shape.elements();
  }

  /** Whether this is a stack of matrices, one for each routed expert. */
  public boolean stacked() {
    return shape.rank() == 3;
  }

  /** The tensors that files hold this one as: one for each expert of a stack, else itself. */
  public List<FileTensor> files() {
    if (!stacked()) {
      return List.of(new FileTensor(name, shape, 0));
    }
    Shape matrix = Shape.of(shape.dim(1), shape.dim(2));
    return IntStream.range(0, shape.dim(0))
        .mapToObj(
            j -> new FileTensor(ParameterNames.expert(name, j), matrix, j * matrix.elements()))
        .toList();
  }
}
