package org.foretoken.kernels.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.Zero;

/** Valid graphs of many small operations on transients of several sizes. */
public final class RandomGraphs {
  private static final int[] SIZES = {1, 16, 17, 100, 1000};

  private RandomGraphs() {}

  /** Of {@code nodes} operations; in place, updating, and sharing operands at random. */
  public static Graph of(long seed, int nodes) {
    Random random = new Random(seed);
    Graph graph = new Graph("random-" + seed);
    List<List<Tensor>> bySize = new ArrayList<>();
    for (int size : SIZES) {
      Tensor input = graph.declare("input." + size, DType.F32, Role.INPUT, size);
      Tensor state = graph.declare("state." + size, DType.F32, Role.STATE, size);
      bySize.add(new ArrayList<>(List.of(input, state)));
    }
    for (int i = 0; i < nodes; i++) {
      List<Tensor> known = bySize.get(random.nextInt(SIZES.length));
      Tensor a = recent(known, random);
      Tensor b = recent(known, random);
      switch (random.nextInt(8)) {
        case 0 ->
            graph.add("zero" + i, new Zero(), List.of(), List.of(output(graph, known, random)));
        case 1 -> {
          Tensor sum = graph.transientTensor("sum", DType.F32, 1);
          graph.add("zero" + i, new Zero(), List.of(), List.of(sum));
          graph.add("squares" + i, new SumSquares(), List.of(a), List.of(sum));
          graph.add("squares" + i, new SumSquares(), List.of(b), List.of(sum));
          bySize.get(0).add(sum);
        }
        default ->
            graph.add("add" + i, new Add(), List.of(a, b), List.of(output(graph, known, random)));
      }
    }
    for (int size = 0; size < SIZES.length; size++) {
      List<Tensor> known = bySize.get(size);
      Tensor result = graph.declare("result." + size, DType.F32, Role.OUTPUT, SIZES[size]);
      graph.add("result", new Add(), List.of(known.getLast(), known.get(1)), List.of(result));
    }
    return graph;
  }

  private static Tensor recent(List<Tensor> known, Random random) {
    int reach = Math.min(known.size(), 4);
    return known.get(known.size() - 1 - random.nextInt(reach));
  }

  /** A new transient mostly, or one that something has read before. */
  private static Tensor output(Graph graph, List<Tensor> known, Random random) {
    Tensor like = known.get(0);
    if (random.nextInt(4) == 0) {
      Tensor again = recent(known, random);
      return again.role() == Role.INPUT ? known.get(1) : again;
    }
    Tensor fresh = graph.transientTensor("t", DType.F32, like.shape().dims());
    known.add(fresh);
    return fresh;
  }
}
