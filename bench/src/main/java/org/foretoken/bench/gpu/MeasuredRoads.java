package org.foretoken.bench.gpu;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.foretoken.bench.result.CaseResult;
import org.foretoken.bench.result.SuiteResult;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.bench.suite.Pass;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.kernels.device.GemmShape;

/**
 * The fastest road of each product that a suite measured by more than one. Passes whose product has
 * the same kind and extents are one entry, by the sum of their times.
 */
final class MeasuredRoads {
  private record Time(double nanos, int cases) {
    Time plus(Time other) {
      return new Time(nanos + other.nanos, cases + other.cases);
    }
  }

  private MeasuredRoads() {}

  /** Products, smallest m first, with the road of the least time. */
  static Map<GemmShape, GemmRoad> of(SuiteResult run) {
    Map<GemmShape, Map<GemmRoad, Time>> times = new LinkedHashMap<>();
    for (CaseResult c : run.cases()) {
      GemmShape shape = c.ok() ? shape(c) : null;
      if (shape != null) {
        times
            .computeIfAbsent(shape, _ -> new EnumMap<>(GemmRoad.class))
            .merge(road(c), new Time(c.medianNs(), 1), Time::plus);
      }
    }
    Map<String, GemmShape> byName = new TreeMap<>();
    times.keySet().forEach(shape -> byName.put(shape.toString(), shape));
    Map<GemmShape, GemmRoad> fastest = new LinkedHashMap<>();
    for (GemmShape shape : byName.values()) {
      Map<GemmRoad, Time> roads = times.get(shape);
      roads.remove(GemmRoad.AUTO);
      int most = roads.values().stream().mapToInt(Time::cases).max().orElse(0);
      roads.values().removeIf(t -> t.cases < most); // a sum of fewer passes
      if (roads.size() > 1) {
        roads.entrySet().stream()
            .min(Map.Entry.comparingByValue((a, b) -> Double.compare(a.nanos, b.nanos)))
            .ifPresent(e -> fastest.put(shape, e.getKey()));
      }
    }
    return fastest;
  }

  private static GemmRoad road(CaseResult c) {
    for (GemmRoad road : GemmRoad.values()) {
      if (c.id().endsWith(" gpu " + road.optionName())) {
        return road;
      }
    }
    return GemmRoad.AUTO;
  }

  /** c [m,n] summed over k as {@link GemmShape} has it; null for what is no such product. */
  private static GemmShape shape(CaseResult c) {
    boolean fp8 = c.op().equals(BenchOp.FP8_GEMM.label());
    if ((!fp8 && !c.op().equals(BenchOp.BF16_GEMM.label())) || !c.device().equals("gpu")) {
      return null;
    }
    String[] extents = c.shape().split("x");
    int m = Integer.parseInt(extents[0]);
    int n = Integer.parseInt(extents[1]);
    int k = Integer.parseInt(extents[2]);
    for (Pass pass : Pass.values()) {
      if (pass.label().equals(c.pass())) {
        return switch (pass) {
          case FPROP -> new GemmShape(kind(fp8, GemmShape.Kind.FP8_NT), m, n, k);
          case DGRAD -> new GemmShape(kind(fp8, GemmShape.Kind.FP8_NN), m, k, n);
          case WGRAD -> new GemmShape(kind(fp8, GemmShape.Kind.FP8_TN), n, k, m);
        };
      }
    }
    return null;
  }

  private static GemmShape.Kind kind(boolean fp8, GemmShape.Kind scaled) {
    return fp8 ? scaled : GemmShape.Kind.BF16;
  }
}
