package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.EmbeddingGrad;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostEmbeddingTest {
  private static final int VOCABULARY = 17;

  private static int[] ids(int n) {
    int[] ids = new int[n];
    for (int i = 0; i < n; i++) {
      ids[i] = i * i % VOCABULARY;
    }
    return ids;
  }

  @ParameterizedTest
  @CsvSource({"1,1", "13,207", "207,70"})
  void gathersRowsAndScattersGradientsInOrder(int n, int e) {
    float[] table = OneOp.random(1, VOCABULARY * e, 1);
    float[] dy = OneOp.random(2, n * e, 1);
    float[] dTable = OneOp.random(3, VOCABULARY * e, 1);
    float[] y =
        new OneOp(new Embedding())
            .in("ids", ids(n), n)
            .in("table", table, VOCABULARY, e)
            .out("y", n, e)
            .run(2)
            .get("y");
    float[] expected = dTable.clone();
    for (int i = 0; i < n; i++) {
      for (int c = 0; c < e; c++) {
        assertThat(y[i * e + c]).isEqualTo(table[ids(n)[i] * e + c]);
        expected[ids(n)[i] * e + c] += dy[i * e + c];
      }
    }
    for (int threads = 1; threads <= 2; threads++) {
      float[] found =
          new OneOp(new EmbeddingGrad())
              .in("ids", ids(n), n)
              .in("dy", dy, n, e)
              .update("dTable", dTable, VOCABULARY, e)
              .run(threads)
              .get("dTable");
      assertThat(found).isEqualTo(expected);
    }
  }

  @Test
  void appendsToACacheAndLeavesTheRest() {
    float[] cache = OneOp.random(1, 5 * 3, 1);
    float[] x = OneOp.random(2, 2 * 3, 1);
    float[] found =
        new OneOp(new CacheAppend())
            .in("x", x, 2, 3)
            .in("slots", new int[] {4, 1}, 2)
            .update("cache", cache, 5, 3)
            .run(2)
            .get("cache");
    float[] expected = cache.clone();
    System.arraycopy(x, 0, expected, 12, 3);
    System.arraycopy(x, 3, expected, 3, 3);
    assertThat(found).isEqualTo(expected);
  }

  @Test
  void refusesIdsOutsideTheVocabulary() {
    OneOp op =
        new OneOp(new Embedding())
            .in("ids", new int[] {0, VOCABULARY}, 2)
            .in("table", new float[VOCABULARY], VOCABULARY, 1)
            .out("y", 2, 1);
    assertThatThrownBy(() -> op.run(1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("operation 'op' (Embedding)")
        .hasMessageContaining("from 0 to 16, found 17 at 1");
  }
}
