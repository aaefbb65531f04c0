package org.foretoken.kernels.reference;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.foretoken.fp8.Tolerances;

/**
 * Compares gradients with central differences of a loss in double precision.
 *
 * <p>For element i of a parameter p with root mean square r, the difference is (L(p[i] + h) -
 * L(p[i] - h)) / 2h with h = 1e-4 * max(|p[i]|, r): a relative step, so that parameters of any size
 * are checked equally well; its own error is near 1e-8. Use a {@link ReferenceBackend} with exact
 * products: rounding makes a loss piecewise constant.
 *
 * <pre>{@code
 * GradientCheck check = new GradientCheck(backend, () -> { step.run(); return loss(backend); });
 * List<GradientCheck.Result> results = check.gradients(Map.of("weight", "grad.weight"));
 * }</pre>
 */
public final class GradientCheck {
  /** The relative error that gradients are held to. */
  public static final double TOLERANCE = Tolerances.GRADIENT;

  private static final double STEP = 1e-4;

  /** Elements below this share of the gradient's root mean square are compared with that share. */
  private static final double FLOOR = 1e-2;

  /**
   * How one parameter's gradient compares.
   *
   * @param parameter its name
   * @param elements elements that were compared one by one
   * @param normError norm of the difference over the norm of the gradient, compared elements
   * @param worstError largest |analytic - numeric| / max(|analytic|, |numeric|, 1% of the
   *     gradient's root mean square)
   * @param worstIndex element of that error
   * @param analytic its gradient as given
   * @param numeric its gradient by differences
   * @param directionError error of the derivative along a random direction of all elements,
   *     relative to its expected size
   */
  public record Result(
      String parameter,
      int elements,
      double normError,
      double worstError,
      int worstIndex,
      double analytic,
      double numeric,
      double directionError) {
    /** Whether all three errors are below {@code tolerance}; false for NaN. */
    public boolean within(double tolerance) {
      return normError < tolerance && worstError < tolerance && directionError < tolerance;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s: %d elements, norm %.1e, worst %.1e at [%d] (expected %.9e by differences, found %.9e),"
              + " direction %.1e",
          parameter,
          elements,
          normError,
          worstError,
          worstIndex,
          numeric,
          analytic,
          directionError);
    }
  }

  private final ReferenceBackend backend;
  private final DoubleSupplier loss;
  private final int maxElements;
  private final SplittableRandom random;

  /** Checks every element of every parameter. */
  public GradientCheck(ReferenceBackend backend, DoubleSupplier loss) {
    this(backend, loss, Integer.MAX_VALUE, 1);
  }

  /**
   * Creates a check.
   *
   * @param backend where the loss runs
   * @param loss computes the loss from the backend's present values; must leave parameters alone
   * @param maxElements elements of a parameter that are compared one by one; a random sample where
   *     there are more
   * @param seed of samples and directions
   */
  public GradientCheck(ReferenceBackend backend, DoubleSupplier loss, int maxElements, long seed) {
    this.backend = backend;
    this.loss = loss;
    this.maxElements = maxElements;
    this.random = new SplittableRandom(seed);
  }

  /**
   * Runs the loss once for the analytic gradients and compares them.
   *
   * @param gradientOf name of the resident gradient tensor of each parameter, by its name
   */
  public List<Result> gradients(Map<String, String> gradientOf) {
    double _ = loss.getAsDouble(); // for what it leaves in the gradients
    Map<String, double[]> analytic = new LinkedHashMap<>();
    gradientOf.forEach((parameter, g) -> analytic.put(parameter, backend.values(g).clone()));
    return analytic.entrySet().stream().map(e -> compare(e.getKey(), e.getValue())).toList();
  }

  /** Compares {@code analytic}, dL / d parameter, with differences of L. */
  public Result compare(String parameter, double[] analytic) {
    double[] p = backend.values(parameter);
    if (analytic.length != p.length) {
      throw new IllegalArgumentException(
          "gradient of '"
              + parameter
              + "': expected "
              + p.length
              + " elements, found "
              + analytic.length);
    }
    double floor = FLOOR * rms(analytic);
    double scale = rms(p);
    double sumDifference = 0;
    double sumAnalytic = 0;
    double sumNumeric = 0;
    double worst = -1;
    int worstIndex = -1;
    double worstNumeric = Double.NaN;
    int[] elements = sample(p.length);
    for (int i : elements) {
      double numeric = difference(p, i, step(Math.max(Math.abs(p[i]), scale)));
      double error = Math.abs(analytic[i] - numeric);
      double size = Math.max(Math.max(Math.abs(analytic[i]), Math.abs(numeric)), floor);
      double relative = error == 0 ? 0 : error / size;
      // NaN is the worst of all, and stays.
      if (Double.isNaN(relative) ? !Double.isNaN(worst) : relative > worst) {
        worst = relative;
        worstIndex = i;
        worstNumeric = numeric;
      }
      sumDifference += error * error;
      sumAnalytic += analytic[i] * analytic[i];
      sumNumeric += numeric * numeric;
    }
    return new Result(
        parameter,
        elements.length,
        ratio(Math.sqrt(sumDifference), Math.sqrt(Math.max(sumAnalytic, sumNumeric))),
        Math.abs(worst),
        worstIndex,
        worstIndex < 0 ? Double.NaN : analytic[worstIndex],
        worstNumeric,
        directionError(p, analytic, step(scale)));
  }

  private static double step(double scale) {
    return scale > 0 ? STEP * scale : STEP;
  }

  private double difference(double[] p, int i, double h) {
    double before = p[i];
    double above = before + h;
    double below = before - h;
    p[i] = above;
    double up = loss.getAsDouble();
    p[i] = below;
    double down = loss.getAsDouble();
    p[i] = before;
    return (up - down) / (above - below);
  }

  /** Along d with d[i] = +-1: |numeric - analytic . d| / |analytic|. */
  private double directionError(double[] p, double[] analytic, double h) {
    double[] before = p.clone();
    double[] direction = new double[p.length];
    double expected = 0;
    for (int i = 0; i < p.length; i++) {
      direction[i] = random.nextBoolean() ? 1 : -1;
      expected += analytic[i] * direction[i];
    }
    Arrays.setAll(p, i -> before[i] + h * direction[i]);
    double up = loss.getAsDouble();
    Arrays.setAll(p, i -> before[i] - h * direction[i]);
    double down = loss.getAsDouble();
    System.arraycopy(before, 0, p, 0, p.length);
    double norm = Math.sqrt(Arrays.stream(analytic).map(a -> a * a).sum());
    return ratio(Math.abs((up - down) / (2 * h) - expected), norm);
  }

  private int[] sample(int length) {
    if (length <= maxElements) {
      return IntStream.range(0, length).toArray();
    }
    return random.ints(0, length).distinct().limit(maxElements).sorted().toArray();
  }

  private static double ratio(double error, double size) {
    return error == 0 ? 0 : error / size;
  }

  /** Root mean square; what is not finite counts as zero, and shows as the worst element. */
  private static double rms(double[] x) {
    double sum = 0;
    for (double v : x) {
      sum += Double.isFinite(v) ? v * v : 0;
    }
    return Math.sqrt(sum / Math.max(1, x.length));
  }
}
