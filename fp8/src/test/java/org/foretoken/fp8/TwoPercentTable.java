package org.foretoken.fp8;

import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Prints the tables of docs/NUMERICS.md about DeepSeek-V3's statement that sums of 4096 products
 * are off by up to two percent: errors of the accumulator model by the size of the result, and for
 * inputs that are all positive. Not a test: the largest size takes a minute.
 */
final class TwoPercentTable {
  private static final int INNER = 4096;
  private static final long SEED = 7;

  private interface Entries {
    double next(SplittableRandom random);
  }

  private TwoPercentTable() {}

  /** Sizes as arguments; 16 to 512 without. */
  public static void main(String[] args) {
    String[] sizes = args.length > 0 ? args : "16 32 64 128 256 512".split(" ");
    for (String size : sizes) {
      int n = Integer.parseInt(size);
      double[] e = errors(n, SplittableRandom::nextGaussian, false);
      print("| %d x %d | %.2f%% | %.3f%% | %.2f%% | %.3f%% |", n, n, e[0], e[1], e[2], e[3]);
    }
    positive("uniform in [0, 1)", SplittableRandom::nextDouble);
    positive("magnitude of a normal", r -> Math.abs(r.nextGaussian()));
    positive("log-normal", r -> Math.exp(r.nextGaussian()));
  }

  private static void positive(String name, Entries entries) {
    double[] e = errors(64, entries, true);
    print("| %s | %.1f%% | %.3f%% |", name, e[0], e[1]);
  }

  private static void print(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  /**
   * Largest errors in percent: of the root mean square without and with promotion and of the mean
   * magnitude likewise, or of each element.
   */
  private static double[] errors(int size, Entries entries, boolean ofElements) {
    SplittableRandom random = new SplittableRandom(SEED);
    float[][] a = rows(size, entries, random);
    float[][] b = rows(size, entries, random);
    double[] largest = new double[2];
    double squares = 0;
    double magnitudes = 0;
    for (float[] x : a) {
      for (float[] y : b) {
        double exact = 0;
        for (int k = 0; k < INNER; k++) {
          exact += (double) x[k] * y[k];
        }
        squares += exact * exact;
        magnitudes += Math.abs(exact);
        double of = ofElements ? Math.abs(exact) : 1;
        largest[0] = Math.max(largest[0], error(TensorCoreAccumulator.HOPPER, x, y, exact) / of);
        largest[1] =
            Math.max(largest[1], error(TensorCoreAccumulator.HOPPER_PROMOTED, x, y, exact) / of);
      }
    }
    if (ofElements) {
      return new double[] {100 * largest[0], 100 * largest[1]};
    }
    double rms = Math.sqrt(squares / size / size) / 100;
    double mean = magnitudes / size / size / 100;
    return new double[] {largest[0] / rms, largest[1] / rms, largest[0] / mean, largest[1] / mean};
  }

  private static double error(
      TensorCoreAccumulator accumulator, float[] x, float[] y, double exact) {
    return Math.abs(accumulator.dot(x, Formats.E4M3, y, Formats.E4M3) - exact);
  }

  private static float[][] rows(int rows, Entries entries, SplittableRandom random) {
    float[][] values = new float[rows][INNER];
    for (float[] row : values) {
      for (int k = 0; k < INNER; k++) {
        row[k] = (float) entries.next(random);
      }
      Fp8Tensor codes = QuantizerReference.quantize("x", row, 1, INNER, QuantizationRecipes.TENSOR);
      for (int k = 0; k < INNER; k++) {
        row[k] = codes.decoded(0, k);
      }
    }
    return values;
  }
}
