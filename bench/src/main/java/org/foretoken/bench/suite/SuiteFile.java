package org.foretoken.bench.suite;

import java.util.List;
import java.util.Optional;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.model.config.Recipe;

/**
 * A file of {@code configs/bench}.
 *
 * @param name name of the suite
 * @param about what it shows, one line
 * @param rounds rounds of every case
 * @param warmUpSeconds least warm-up of a case, all its sides together
 * @param cases groups of cases
 */
public record SuiteFile(
    String name, String about, int rounds, double warmUpSeconds, List<Group> cases) {
  /**
   * Cases that differ in shape, pass, recipe, device and threads: one for each combination.
   *
   * @param op what they run
   * @param shapes shapes in the form of the operation
   * @param passes for products: which of a linear layer's three; all where nothing is said
   * @param recipes for models: precision recipes; deepseek where nothing is said
   * @param devices where they run
   * @param threads for the host: numbers of threads; all processors where nothing is said
   * @param peers who runs beside them on the same device; the first is the one of ratio_to_peer
   * @param roads for the GPU: what carries out products, see {@code --gemm}; auto where nothing is
   *     said
   * @param repeats rounds of these cases, where they are not the suite's
   * @param order for a plot of cost against shape: what is expected
   */
  public record Group(
      BenchOp op,
      List<String> shapes,
      Optional<List<Pass>> passes,
      Optional<List<Recipe>> recipes,
      List<BenchDevice> devices,
      Optional<List<Integer>> threads,
      Optional<List<Peer>> peers,
      Optional<List<GemmRoad>> roads,
      Optional<Integer> repeats,
      Optional<Order> order) {}

  /**
   * How the cost of a group's cases should grow.
   *
   * @param axis what grows from case to case
   * @param values its value in each case, in the order of the cases
   * @param least expected least exponent of cost ~ value^exponent between first and last case
   * @param most expected largest exponent
   * @param because where the expectation comes from
   */
  public record Order(
      String axis, List<Double> values, double least, double most, String because) {}
}
