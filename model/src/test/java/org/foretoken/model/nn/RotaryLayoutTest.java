package org.foretoken.model.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.op.Rope;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;

/** A checkpoint that rotates halves gives the same scores after its rows have moved. */
class RotaryLayoutTest {
  private static final int HEADS = 3;
  private static final int DIM = 10;
  private static final int ROTARY = 6;
  private static final double THETA = 100;

  @Test
  void scoresOfRotatedHalvesAreThoseOfAdjacentPairsWithMovedRows() {
    Random random = new Random(2);
    float[] q = floats(random);
    float[] k = floats(random);
    int[] source = RotaryLayout.adjacentFromHalves(HEADS, DIM, ROTARY);
    double[] queries = adjacent(RotaryLayout.rows(q, source), 7);
    double[] keys = adjacent(RotaryLayout.rows(k, source), 3);
    double[] halvesQ = halves(q, 7);
    double[] halvesK = halves(k, 3);
    for (int h = 0; h < HEADS; h++) {
      double expected = dot(halvesQ, halvesK, h);
      assertThat(dot(queries, keys, h)).isCloseTo(expected, within(1e-6));
      // Without moving the rows the score is another one.
      assertThat(dot(adjacent(q, 7), adjacent(k, 3), h)).isNotCloseTo(expected, within(1e-2));
    }
  }

  @Test
  void theWayBackIsTheInverse() {
    float[] matrix = floats(new Random(1));
    float[] moved = RotaryLayout.rows(matrix, RotaryLayout.adjacentFromHalves(HEADS, DIM, ROTARY));
    assertThat(moved).isNotEqualTo(matrix);
    assertThat(RotaryLayout.rows(moved, RotaryLayout.halvesFromAdjacent(HEADS, DIM, ROTARY)))
        .isEqualTo(matrix);
  }

  private static float[] floats(Random random) {
    float[] x = new float[HEADS * DIM];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** One row through the project's own rotation. */
  private static double[] adjacent(float[] x, int position) {
    Graph graph = new Graph("rope");
    graph.add(
        "rope",
        new Rope(HEADS, DIM, ROTARY, THETA, false),
        List.of(
            graph.declare("x", DType.F32, Role.INPUT, 1, HEADS * DIM),
            graph.declare("positions", DType.I32, Role.INPUT, 1)),
        List.of(graph.declare("y", DType.F32, Role.OUTPUT, 1, HEADS * DIM)));
    try (ReferenceBackend backend = new ReferenceBackend(true)) {
      var executable = backend.compile(graph);
      for (int i = 0; i < x.length; i++) {
        backend.values("x")[i] = x[i];
      }
      backend.integers("positions")[0] = position;
      executable.run();
      return backend.values("y").clone();
    }
  }

  /** Llama's rotation: x cos + rotate_half(x) sin, over the last columns of each head. */
  private static double[] halves(float[] x, int position) {
    double[] y = new double[x.length];
    int plain = DIM - ROTARY;
    int half = ROTARY / 2;
    for (int h = 0; h < HEADS; h++) {
      for (int c = 0; c < plain; c++) {
        y[h * DIM + c] = x[h * DIM + c];
      }
      for (int c = 0; c < ROTARY; c++) {
        int at = h * DIM + plain + c;
        double angle = position * Math.pow(THETA, -2.0 * (c % half) / ROTARY);
        double other = c < half ? -x[at + half] : x[at - half];
        y[at] = x[at] * Math.cos(angle) + other * Math.sin(angle);
      }
    }
    return y;
  }

  private static double dot(double[] q, double[] k, int head) {
    double sum = 0;
    for (int c = head * DIM; c < (head + 1) * DIM; c++) {
      sum += q[c] * k[c];
    }
    return sum;
  }
}
