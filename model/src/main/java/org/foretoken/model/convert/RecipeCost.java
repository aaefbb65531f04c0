package org.foretoken.model.convert;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.foretoken.fp8.ErrorStatistics;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizerReference;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.TensorInfo;

/**
 * What a recipe would make of some weights.
 *
 * @param recipe the recipe
 * @param bytes what all the weights would take, scales included
 * @param bitsPerWeight the same for each weight
 * @param measured weights whose errors were measured
 * @param sqnrDecibels SQNR over all measured weights
 * @param worstDecibels the worst SQNR of one of them
 * @param worstTensor whose that is; null if none was measured
 * @param saturationShare share of values beyond the largest code
 * @param underflowShare share of values that are not zero and become zero
 */
public record RecipeCost(
    QuantizationRecipe recipe,
    long bytes,
    double bitsPerWeight,
    int measured,
    double sqnrDecibels,
    double worstDecibels,
    String worstTensor,
    double saturationShare,
    double underflowShare) {

  /** Elements of a weight that a recipe without a file format is measured on. */
  private static final long MOST_ON_HEAP = 1 << 22;

  /**
   * A weight.
   *
   * @param where file and tensor, for messages
   * @param info a matrix in F32, BF16 or F16
   * @param bytes its values
   */
  public record Weight(String where, TensorInfo info, MemorySegment bytes) {
    int rows() {
      return Math.toIntExact(info.shape().get(0));
    }

    int columns() {
      return Math.toIntExact(info.shape().get(1));
    }
  }

  /**
   * Measures a recipe.
   *
   * @param all weights that it would be applied to
   * @param sample those of them whose errors are measured, whole; ones that hold a NaN or an
   *     infinity are left out
   */
  public static RecipeCost measure(
      HostPool pool, QuantizationRecipe recipe, List<Weight> all, List<Weight> sample) {
    long bits = 0;
    long elements = 0;
    for (Weight weight : all) {
      bits = Math.addExact(bits, recipe.bits(weight.rows(), weight.columns()));
      elements += weight.info().elements();
    }
    ErrorStatistics sum = new ErrorStatistics();
    int measured = 0;
    double worst = Double.POSITIVE_INFINITY;
    String worstTensor = null;
    FileRecipe file = fileRecipe(recipe);
    try (WeightQuantizer quantizer =
            file == null ? null : new WeightQuantizer(pool, file, bytes -> {});
        MatrixReader reader = new MatrixReader(pool)) {
      for (Weight weight : sample) {
        ErrorStatistics statistics =
            quantizer == null ? statistics(recipe, reader, weight) : statistics(quantizer, weight);
        if (statistics != null) {
          measured++;
          sum.merge(statistics);
          if (statistics.sqnrDecibels() <= worst) {
            worst = statistics.sqnrDecibels();
            worstTensor = weight.info().name();
          }
        }
      }
    }
    return new RecipeCost(
        recipe,
        Math.ceilDiv(bits, 8L),
        elements == 0 ? 0 : (double) bits / elements,
        measured,
        sum.sqnrDecibels(),
        worst,
        worstTensor,
        sum.saturationShare(),
        sum.underflowShare());
  }

  private static ErrorStatistics statistics(WeightQuantizer quantizer, Weight weight) {
    if (!quantizer.fits(weight.info())) {
      return null;
    }
    try {
      return quantizer.measure(weight.where(), weight.info(), weight.bytes());
    } catch (InputException e) {
      return null; // a NaN, an infinity or a monstrous shape: nothing a recipe could do
    }
  }

  /** By the reference, which wants the whole tensor on the heap. */
  private static ErrorStatistics statistics(
      QuantizationRecipe recipe, MatrixReader reader, Weight weight) {
    TensorInfo info = weight.info();
    if (info.elements() > MOST_ON_HEAP) {
      return null;
    }
    MemorySegment band =
        reader.band(weight.bytes(), info.dtype(), weight.columns(), 0, weight.rows());
    float[] values = new float[(int) info.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = MatrixReader.value(band, MatrixReader.kernelType(info.dtype()), i);
    }
    try {
      QuantizerReference.requireNumbers(weight.where(), values, weight.columns());
      return ErrorStatistics.of(
          values,
          QuantizerReference.quantize(
              weight.where(), values, weight.rows(), weight.columns(), recipe));
    } catch (InputException e) {
      return null;
    }
  }

  private static FileRecipe fileRecipe(QuantizationRecipe recipe) {
    try {
      return FileRecipe.of(recipe);
    } catch (InputException e) {
      return null;
    }
  }
}
