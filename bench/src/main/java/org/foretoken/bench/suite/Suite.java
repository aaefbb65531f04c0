package org.foretoken.bench.suite;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.foretoken.cli.config.Configs;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;

/**
 * A suite whose every case is known to make sense.
 *
 * @param file what was written
 * @param source where, for messages
 * @param cases its cases in order
 */
public record Suite(SuiteFile file, String source, List<SuiteCase> cases) {
  private static final int MOST_EXTENT = 1 << 20;
  private static final int MOST_ROUNDS = 10_000;

  /**
   * Spells a file out.
   *
   * @throws InputException where a shape, a combination or a number cannot be
   */
  public static Suite of(SuiteFile file, String source) {
    require(
        file.rounds() >= 1 && file.rounds() <= MOST_ROUNDS,
        source + ": rounds",
        "1 to " + MOST_ROUNDS,
        file.rounds());
    require(
        file.warmUpSeconds() >= 0 && file.warmUpSeconds() <= 60,
        source + ": warm_up_seconds",
        "0 to 60",
        file.warmUpSeconds());
    List<SuiteCase> cases = new ArrayList<>();
    for (int i = 0; i < file.cases().size(); i++) {
      expand(file, i, source + ": cases[" + i + "]", cases);
    }
    require(!cases.isEmpty(), source + ": cases", "at least one", "none");
    Set<String> ids = new LinkedHashSet<>();
    for (SuiteCase c : cases) {
      require(ids.add(c.id()), source, "every case once", "'" + c.id() + "' a second time");
    }
    return new Suite(file, source, List.copyOf(cases));
  }

  private static void expand(SuiteFile file, int index, String where, List<SuiteCase> cases) {
    SuiteFile.Group g = file.cases().get(index);
    require(!g.shapes().isEmpty(), where + ".shapes", "at least one", "none");
    require(!g.devices().isEmpty(), where + ".devices", "at least one", "none");
    checkFit(g, where);
    int rounds = g.repeats().orElse(file.rounds());
    require(rounds >= 1 && rounds <= MOST_ROUNDS, where + ".repeats", "1 to 10000", rounds);
    int before = cases.size();
    for (String shape : g.shapes()) {
      checkShape(g.op(), shape, where + ".shapes");
      for (Optional<Pass> pass : passes(g)) {
        for (Optional<Recipe> recipe : recipes(g)) {
          for (BenchDevice device : g.devices()) {
            add(g, new Place(shape, pass, recipe, device), index, rounds, where, cases);
          }
        }
      }
    }
    int made = cases.size() - before;
    g.order()
        .ifPresent(
            o ->
                require(
                    o.values().size() == made && made >= 2,
                    where + ".order.values",
                    "one for each of at least two cases (" + made + ")",
                    o.values().size()));
  }

  /** What a case is but for the threads and the road. */
  private record Place(
      String shape, Optional<Pass> pass, Optional<Recipe> recipe, BenchDevice device) {}

  private static void add(
      SuiteFile.Group g, Place p, int index, int rounds, String where, List<SuiteCase> cases) {
    List<Peer> peers =
        g.peers().orElse(List.of()).stream().filter(q -> q.device() == p.device).toList();
    List<GemmRoad> roads =
        p.device == BenchDevice.GPU
            ? g.roads().orElse(List.of(GemmRoad.AUTO))
            : List.of(GemmRoad.AUTO);
    for (GemmRoad road : roads) {
      for (int threads : threads(g, p.device, where)) {
        cases.add(
            new SuiteCase(
                index, g.op(), p.shape, p.pass, p.recipe, p.device, road, threads, peers, rounds));
      }
    }
  }

  private static void checkFit(SuiteFile.Group g, String where) {
    boolean model = g.op().form() == BenchOp.Form.MODEL;
    require(
        g.passes().isEmpty() || g.op().isGemm(),
        where + ".passes",
        "none, since only products have them",
        "some for " + g.op().label());
    require(
        g.recipes().isEmpty() || model,
        where + ".recipes",
        "none, since only models have them",
        "some for " + g.op().label());
    for (Peer peer : g.peers().orElse(List.of())) {
      require(
          g.devices().contains(peer.device()),
          where + ".peers",
          "peers of the devices that the cases run on",
          "'" + peer.label() + "', a peer of " + peer.device().label());
    }
  }

  private static List<Optional<Pass>> passes(SuiteFile.Group g) {
    if (!g.op().isGemm()) {
      return List.of(Optional.empty());
    }
    return g.passes().orElse(List.of(Pass.values())).stream().map(Optional::of).toList();
  }

  private static List<Optional<Recipe>> recipes(SuiteFile.Group g) {
    if (g.op().form() != BenchOp.Form.MODEL) {
      return List.of(Optional.empty());
    }
    return g.recipes().orElse(List.of(Recipe.DEEPSEEK)).stream().map(Optional::of).toList();
  }

  private static List<Integer> threads(SuiteFile.Group g, BenchDevice device, String where) {
    List<Integer> threads =
        device == BenchDevice.HOST ? g.threads().orElse(List.of(0)) : List.of(0);
    for (int t : threads) {
      require(t >= 0 && t <= 1024, where + ".threads", "1 to 1024, or 0 for all processors", t);
    }
    return threads;
  }

  private static void checkShape(BenchOp op, String shape, String where) {
    if (op.form() == BenchOp.Form.MODEL) {
      model(shape, where); // throws where it is none
      return;
    }
    String[] parts = shape.split("x", -1);
    boolean good = parts.length == op.form().extents();
    for (String part : parts) {
      good &= part.matches("[1-9][0-9]{0,7}") && Integer.parseInt(part) <= MOST_EXTENT;
    }
    require(
        good,
        where,
        op.form().expected() + " for " + op.label() + ", extents 1 to " + MOST_EXTENT,
        "'" + shape + "'");
  }

  private static void require(boolean holds, String where, String expected, Object found) {
    if (!holds) {
      throw new InputException(where + ": expected " + expected + ", found " + found);
    }
  }

  /** The configuration that the shape of a model case names. */
  public static RunConfig model(SuiteCase c) {
    return model(c.shape(), c.id());
  }

  private static RunConfig model(String shape, String where) {
    String[] words = shape.strip().split("\\s+");
    List<Configs.Setting> settings = new ArrayList<>();
    for (int i = 1; i < words.length; i++) {
      settings.add(new Configs.Setting("'" + shape + "'", words[i]));
    }
    try {
      return Configs.load(words[0], settings);
    } catch (InputException e) {
      throw new InputException(where + ": " + e.getMessage(), e);
    }
  }
}
