package org.foretoken.cli.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.foretoken.cli.config.Configs;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.cli.config.YamlBinder;
import org.foretoken.cli.config.YamlNode;
import org.foretoken.cli.config.YamlNode.Mapping;
import org.foretoken.cli.config.YamlNode.Origin;
import org.foretoken.cli.config.YamlReader;
import org.foretoken.fp8.InputException;
import org.foretoken.model.experiment.Experiment;

/**
 * A file of {@code configs/experiments}: the claim, and the sizes that it is tested at. The key
 * {@code quick} holds what differs in a quick look; {@code experiment.run} (and {@code synthetic})
 * is a configuration as {@code train} takes it.
 *
 * @param name the experiment's name
 * @param section the chapter's section
 * @param title the claim in a few words
 * @param claim what is claimed
 * @param source who claims it: paper and section
 * @param setup what is done
 * @param control what must fail
 * @param page the page of docs/ that goes with it
 * @param seeds seeds that it runs with, at most where it stops by itself
 * @param minutes what a run takes on one core, about
 * @param experiment the kind of experiment with its sizes
 */
public record ExperimentFile(
    String name,
    String section,
    String title,
    String claim,
    String source,
    String setup,
    String control,
    String page,
    int seeds,
    double minutes,
    Experiment experiment) {
  private static final String QUICK = "quick";
  private static final String EXPERIMENT = "experiment";
  private static final List<String> RUNS = List.of("run", "synthetic");

  /** Names of all experiments, in the order of the chapter. */
  public static List<String> names() {
    return Arrays.stream(Experiment.class.getPermittedSubclasses())
        .map(c -> c.getSimpleName().replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-"))
        .map(n -> n.toLowerCase(Locale.ROOT))
        .toList();
  }

  /**
   * Reads an experiment.
   *
   * @param quick whether to take the sizes of a quick look
   * @throws InputException for a name that there is none of, or a mistake in the file
   */
  public static ExperimentFile load(String name, boolean quick) {
    if (!names().contains(name)) {
      throw new InputException(
          "experiment: expected one of "
              + String.join(", ", names())
              + ", found '"
              + name
              + "'"
              + DidYouMean.hint(name, names()));
    }
    String file = "configs/experiments/" + name + ".yaml";
    return bind(read(file), file, quick);
  }

  private static Mapping read(String file) {
    String home = System.getProperty("foretoken.home");
    if (home != null && Files.isRegularFile(Path.of(home, file))) {
      return YamlReader.read(Path.of(home, file), file);
    }
    try (InputStream in = ExperimentFile.class.getResourceAsStream("/" + file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is missing from the program's jar");
      }
      return YamlReader.parse(in.readAllBytes(), file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ExperimentFile bind(Mapping whole, String file, boolean quick) {
    if (!(whole.values().get(QUICK) instanceof Mapping less)) {
      throw new InputException(file + ": quick: expected the keys that differ in a quick look");
    }
    Mapping tree = with(whole, QUICK, null);
    tree = quick ? tree.overlaid(less) : tree;
    for (String key : RUNS) {
      if (tree.values().get(EXPERIMENT) instanceof Mapping sizes
          && sizes.values().get(key) instanceof Mapping run) {
        tree = with(tree, EXPERIMENT, with(sizes, key, Configs.complete(run, file)));
      }
    }
    return YamlBinder.bind(ExperimentFile.class, tree);
  }

  /** The mapping with one value changed, or without it. */
  private static Mapping with(Mapping mapping, String key, YamlNode value) {
    Map<String, YamlNode> values = new LinkedHashMap<>(mapping.values());
    Map<String, Origin> keys = new LinkedHashMap<>(mapping.keys());
    if (value == null) {
      values.remove(key);
      keys.remove(key);
    } else {
      values.put(key, value);
    }
    return new Mapping(values, keys, mapping.origin());
  }
}
