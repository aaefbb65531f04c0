package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.foretoken.kernels.op.AbsorbQuery;
import org.foretoken.kernels.op.CachedAttention;
import org.foretoken.kernels.op.CachedLatentAttention;
import org.foretoken.kernels.op.ExpandLatent;
import org.foretoken.kernels.op.Op;
import org.foretoken.kernels.op.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bits of absorbed decoding: of a row alone, among others, and on several threads. */
class HostLatentTest {
  private static final int ROWS = 11;

  @ParameterizedTest
  @CsvSource({"1,1,2,1,1", "3,5,2,7,13", "5,24,12,20,80", "2,128,64,128,512", "7,33,4,17,130"})
  void aRowOfTheProductsHasItsOwnBits(int heads, int nope, int rope, int value, int latent) {
    int query = heads * (nope + rope);
    int gathered = heads * latent;
    float[] q = OneOp.random(1, ROWS * query, 1);
    float[] o = OneOp.random(2, ROWS * gathered, 1);
    float[] weight = OneOp.random(3, heads * (nope + value) * latent, 0.2);
    for (Precision precision : Precision.values()) {
      AbsorbQuery absorb = new AbsorbQuery(heads, nope, rope, value, latent, precision);
      ExpandLatent expand = new ExpandLatent(heads, nope, value, latent, precision);
      int wide = heads * (latent + rope);
      int[] absorbed = product(absorb, q, query, weight, latent, wide, 2);
      int[] expanded = product(expand, o, gathered, weight, latent, heads * value, 2);
      for (int rows : new int[] {1, 2, 3, 4, 5}) {
        for (int first : new int[] {0, 3, ROWS - rows}) {
          float[] some = OneOp.rows(q, query, first, first + rows);
          assertThat(product(absorb, some, query, weight, latent, wide, 1))
              .isEqualTo(Arrays.copyOfRange(absorbed, first * wide, (first + rows) * wide));
          float[] of = OneOp.rows(o, gathered, first, first + rows);
          int width = heads * value;
          assertThat(product(expand, of, gathered, weight, latent, width, 1))
              .isEqualTo(Arrays.copyOfRange(expanded, first * width, (first + rows) * width));
        }
      }
    }
  }

  private static int[] product(
      Op op, float[] x, int columns, float[] weight, int latent, int width, int threads) {
    int rows = x.length / columns;
    return new OneOp(op)
        .in("x", x, rows, columns)
        .in("weight", weight, weight.length / latent, latent)
        .out("y", rows, width)
        .run(threads)
        .bits("y");
  }

  /** One key for all heads, whose first columns are the value: the bits are those of both apart. */
  @ParameterizedTest
  @CsvSource({"1,1,2", "3,33,6", "16,80,12", "8,512,64"})
  void latentAttentionIsMultiQueryAttentionWithTheLatentAsValue(int heads, int latent, int rope) {
    int width = latent + rope;
    int capacity = 150;
    float[] q = OneOp.random(4, ROWS * heads * width, 1);
    float[] cache = OneOp.random(5, capacity * width, 1);
    float[] values = new float[capacity * latent];
    for (int i = 0; i < capacity; i++) {
      System.arraycopy(cache, i * width, values, i * latent, latent);
    }
    int[] begins = IntStream.range(0, ROWS).map(s -> s < 6 ? 0 : 20).toArray();
    int[] ends = IntStream.range(0, ROWS).map(s -> 22 + 11 * s).toArray();
    int[] apart =
        new OneOp(new CachedAttention(heads, 1, width, latent, 0.1f))
            .in("q", q, ROWS, heads * width)
            .in("keys", cache, capacity, width)
            .in("values", values, capacity, latent)
            .in("begins", begins, ROWS)
            .in("ends", ends, ROWS)
            .out("o", ROWS, heads * latent)
            .run(1)
            .bits("o");
    CachedLatentAttention op = new CachedLatentAttention(heads, latent, rope, 0.1f);
    assertThat(cached(op, q, cache, begins, ends, 2)).isEqualTo(apart);
    for (int s = 0; s < ROWS; s++) {
      float[] row = OneOp.rows(q, heads * width, s, s + 1);
      int[] begin = {begins[s]};
      int[] end = {ends[s]};
      assertThat(cached(op, row, cache, begin, end, 1))
          .as("row %d", s)
          .isEqualTo(Arrays.copyOfRange(apart, s * heads * latent, (s + 1) * heads * latent));
    }
  }

  private static int[] cached(
      CachedLatentAttention op, float[] q, float[] cache, int[] begins, int[] ends, int threads) {
    int width = op.latentDim() + op.ropeDim();
    return new OneOp(op)
        .in("q", q, begins.length, op.heads() * width)
        .in("cache", cache, cache.length / width, width)
        .in("begins", begins, begins.length)
        .in("ends", ends, ends.length)
        .out("o", begins.length, op.heads() * op.latentDim())
        .run(threads)
        .bits("o");
  }
}
