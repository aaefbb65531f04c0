package org.foretoken.kernels.device;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.foretoken.fp8.InputException;

/**
 * The fastest road by product, as a benchmark measured it on this device: a properties file of
 * lines {@code fp8_nt.4096x24576x7168 = ptx}, that is kind of product, then m, n and k of c [m,n]
 * summed over k. A product that is not in it goes by the nearest that is.
 *
 * @param file where it was read; null for a table of nothing
 */
public record GemmTable(Path file, Map<GemmShape, GemmRoad> entries) {
  /** System property with the file's path; else it is {@link #fileOf the device's}. */
  static final String PROPERTY = "foretoken.gemm.table";

  static final GemmTable EMPTY = new GemmTable(null, Map.of());

  /** The table that {@link #PROPERTY} names, or the device's, or an empty one. */
  static GemmTable of(String device) {
    String path = System.getProperty(PROPERTY);
    if (path != null && !path.isBlank()) {
      return read(Path.of(path));
    }
    Path file = fileOf(device);
    return Files.isRegularFile(file) ? read(file) : EMPTY;
  }

  /**
   * Where the table of a device lies: {@code configs/gemm/} beside the launcher.
   *
   * @param device as the backend describes itself, without what follows a semicolon
   */
  public static Path fileOf(String device) {
    String name = device.split(";", 2)[0].toLowerCase(Locale.ROOT);
    name = name.replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    String home = System.getProperty("foretoken.home", ".");
    return Path.of(home, "configs", "gemm", name + ".properties");
  }

  /**
   * Writes a table.
   *
   * @param about a comment, one line
   * @throws InputException where the file cannot be written
   */
  public static void write(Path file, String about, Map<GemmShape, GemmRoad> entries) {
    StringBuilder text = new StringBuilder("# ").append(about).append('\n');
    entries.forEach(
        (shape, road) ->
            text.append(shape.key()).append(" = ").append(road.optionName()).append('\n'));
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new InputException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a table.
   *
   * @throws InputException with file and entry, when an entry is not of that form
   */
  public static GemmTable read(Path file) {
    Properties lines = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      lines.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
    Map<GemmShape, GemmRoad> entries = new LinkedHashMap<>();
    new TreeMap<>(lines)
        .forEach((key, value) -> entries.put(shape(file, (String) key), road(file, key, value)));
    return new GemmTable(file, entries);
  }

  private static GemmShape shape(Path file, String key) {
    String[] parts = key.split("[.x]");
    try {
      return new GemmShape(
          GemmShape.Kind.valueOf(parts[0].toUpperCase(Locale.ROOT)),
          Integer.parseInt(parts[1]),
          Integer.parseInt(parts[2]),
          Integer.parseInt(parts[3]));
    } catch (RuntimeException e) {
      throw new InputException(
          file + ": expected a product such as fp8_nt.4096x24576x7168, found '" + key + "'", e);
    }
  }

  private static GemmRoad road(Path file, Object key, Object value) {
    try {
      GemmRoad road = GemmRoad.valueOf(value.toString().trim().toUpperCase(Locale.ROOT));
      if (road != GemmRoad.AUTO) {
        return road;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new InputException(
        file + ": " + key + ": expected jit, cublaslt or ptx, found '" + value + "'");
  }

  /** The road of the nearest entry of the same kind, or null where there is none. */
  GemmRoad nearest(GemmShape shape) {
    GemmRoad best = null;
    double least = Double.MAX_VALUE;
    for (Map.Entry<GemmShape, GemmRoad> entry : entries.entrySet()) {
      if (entry.getKey().kind() == shape.kind() && entry.getKey().distance(shape) < least) {
        least = entry.getKey().distance(shape);
        best = entry.getValue();
      }
    }
    return best;
  }
}
