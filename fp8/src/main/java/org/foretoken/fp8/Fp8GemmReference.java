package org.foretoken.fp8;

/**
 * The FP8 matrix product that every fast one is held to, in three layouts, and with three ways to
 * add.
 *
 * <p>The operands are what was quantized: C = sum over k of a * sa * b * sb with codes a, b and
 * scales sa, sb.
 */
public final class Fp8GemmReference {
  private final GemmLayout layout;
  private final Fp8Tensor a;
  private final Fp8Tensor b;
  private final int inner;

  /**
   * A product of two quantized matrices; see {@link GemmLayout} for the shapes.
   *
   * @throws IllegalArgumentException if the inner extents differ
   */
  public Fp8GemmReference(GemmLayout layout, Fp8Tensor a, Fp8Tensor b) {
    this.layout = layout;
    this.a = a;
    this.b = b;
    this.inner = layout.inner(a, b);
  }

  /** Rows of the result. */
  public int rows() {
    return layout.rows(a);
  }

  /** Columns of the result. */
  public int columns() {
    return layout.columns(b);
  }

  /**
   * C in FP64. a * b and sa * sb are exact; what rounds is their product and the sum, 2^-53 each.
   *
   * @return [rows, columns], row-major
   */
  public double[] exact() {
    double[] c = new double[rows() * columns()];
    for (int i = 0; i < rows(); i++) {
      for (int j = 0; j < columns(); j++) {
        double sum = 0;
        for (int k = 0; k < inner; k++) {
          sum += (double) left(i, k) * right(j, k) * ((double) leftScale(i, k) * rightScale(j, k));
        }
        c[i * columns() + j] = sum;
      }
    }
    return c;
  }

  /**
   * C as DeepSeek-V3's GEMM adds it (section 3.3.2): the products of codes summed in FP32 in the
   * order of k, and each {@code interval} of them, or where a scale changes, that sum times (sa *
   * sb) added to an FP32 total.
   *
   * @param interval N_C, products between promotions
   * @return [rows, columns], row-major
   */
  public float[] promoted(int interval) {
    return chunked(
        interval,
        (x, y, from, to) -> {
          float sum = 0;
          for (int k = from; k < to; k++) {
            sum += x[k] * y[k];
          }
          return sum;
        });
  }

  /**
   * {@link #promoted} with a model of the tensor core in the place of FP32. Where the accumulator
   * has no promotion interval, only a change of scale promotes.
   *
   * @return [rows, columns], row-major
   */
  public float[] tensorCore(TensorCoreAccumulator accumulator) {
    int interval = accumulator.promotionInterval();
    Format aFormat = a.recipe().element();
    Format bFormat = b.recipe().element();
    return chunked(
        interval == 0 ? Math.max(1, inner) : interval,
        (x, y, from, to) -> accumulator.chunk(x, aFormat, y, bFormat, from, to));
  }

  private interface Chunk {
    float sum(float[] x, float[] y, int from, int to);
  }

  private float[] chunked(int interval, Chunk chunk) {
    float[] c = new float[rows() * columns()];
    float[] x = new float[inner];
    float[] y = new float[inner];
    for (int i = 0; i < rows(); i++) {
      for (int k = 0; k < inner; k++) {
        x[k] = left(i, k);
      }
      for (int j = 0; j < columns(); j++) {
        for (int k = 0; k < inner; k++) {
          y[k] = right(j, k);
        }
        float total = 0;
        for (int from = 0, to; from < inner; from = to) {
          to = chunkEnd(i, j, from, interval);
          total += chunk.sum(x, y, from, to) * (leftScale(i, from) * rightScale(j, from));
        }
        c[i * columns() + j] = total;
      }
    }
    return c;
  }

  /**
   * The end of the products from {@code from} on that share both scales, at most up to a promotion.
   */
  private int chunkEnd(int i, int j, int from, int interval) {
    int end = Math.min(inner, from - from % interval + interval);
    for (int k = from + 1; k < end; k++) {
      if (leftScale(i, k) != leftScale(i, from) || rightScale(j, k) != rightScale(j, from)) {
        return k;
      }
    }
    return end;
  }

  private float left(int i, int k) {
    return layout == GemmLayout.TN ? a.decoded(k, i) : a.decoded(i, k);
  }

  private float right(int j, int k) {
    return layout == GemmLayout.NT ? b.decoded(j, k) : b.decoded(k, j);
  }

  private float leftScale(int i, int k) {
    return layout == GemmLayout.TN ? a.scale(k, i) : a.scale(i, k);
  }

  private float rightScale(int j, int k) {
    return layout == GemmLayout.NT ? b.scale(j, k) : b.scale(k, j);
  }
}
