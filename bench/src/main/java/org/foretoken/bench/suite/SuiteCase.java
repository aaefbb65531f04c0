package org.foretoken.bench.suite;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.model.config.Recipe;

/**
 * One case of a suite.
 *
 * @param group index of its group in the file
 * @param op what it runs
 * @param shape as written
 * @param pass for products
 * @param recipe for models
 * @param device where it runs
 * @param road what carries out products on the GPU
 * @param threads threads of the host, 0 for all processors
 * @param peers who runs beside it
 * @param rounds rounds to measure
 */
public record SuiteCase(
    int group,
    BenchOp op,
    String shape,
    Optional<Pass> pass,
    Optional<Recipe> recipe,
    BenchDevice device,
    GemmRoad road,
    int threads,
    List<Peer> peers,
    int rounds) {
  /** What tells it from every other case of any suite, but for the device and the threads. */
  public String variant() {
    String detail =
        pass.map(p -> " " + p.label())
            .or(() -> recipe.map(r -> " " + r.name().toLowerCase(Locale.ROOT)))
            .orElse("");
    return op.label() + detail + " " + shape;
  }

  /** Its name in tables, and what results of different runs are matched by. */
  public String id() {
    return variant()
        + " "
        + device.label()
        + (road == GemmRoad.AUTO ? "" : " " + road.optionName())
        + (threads == 0 ? "" : " " + threads + "t");
  }

  /** The extents of a shape that is no model. */
  public int[] extents() {
    return Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
  }
}
