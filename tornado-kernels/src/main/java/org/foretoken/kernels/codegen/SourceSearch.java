package org.foretoken.kernels.codegen;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Searches a generated kernel for what TornadoVM 5.2.0 is known to compile wrongly without a word.
 *
 * <ul>
 *   <li>A shift to the right of what may be negative, whose result is not masked: {@code >>>} and
 *       the division of a negative number by a power of two both come out as an arithmetic shift.
 *   <li>A condition of both {@code ||} and {@code &&}: TornadoVM leaves out parentheses, and the
 *       negations of what it nests.
 *   <li>A local or private array that is indexed by a byte offset: it was handed to an inlined
 *       helper.
 *   <li>The CUDA toolkit's encoder to FP8, which TornadoVM calls so that ties round away from zero.
 * </ul>
 *
 * <p>TornadoVM writes one operation a line, which is what makes this search possible.
 */
public final class SourceSearch {
  private static final Pattern SHIFT = Pattern.compile("(\\w+)\\s*=\\s*(\\w+) >> (\\w+);");
  private static final Pattern ARRAY =
      Pattern.compile("(?:__shared__ |__local )?[a-z ]+ (a\\w*_\\d+)\\[(\\d+)\\];");
  private static final Pattern INDEXED = Pattern.compile("\\b(a\\w*_\\d+)\\[([^\\]]+)\\]");
  private static final Pattern ENCODER = Pattern.compile("__nv_cvt_\\w+_to_fp8\\w*");

  private final GeneratedKernel kernel;
  private final List<String> lines;
  private final Set<String> nonNegative;
  private final Map<String, Integer> arrays = new TreeMap<>();
  private final List<SourceFinding> findings = new ArrayList<>();

  private SourceSearch(GeneratedKernel kernel) {
    this.kernel = kernel;
    lines = kernel.source().lines().map(String::strip).toList();
    nonNegative = SignAnalysis.nonNegative(lines);
  }

  /** What there is to find in a kernel, in the order of its lines. */
  public static List<SourceFinding> search(GeneratedKernel kernel) {
    return new SourceSearch(kernel).search();
  }

  private List<SourceFinding> search() {
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      Matcher array = ARRAY.matcher(line);
      if (array.matches()) {
        arrays.put(array.group(1), Integer.parseInt(array.group(2)));
        continue;
      }
      shift(i, line);
      index(i, line);
      if (line.contains("||") && line.contains("&&")) {
        add(i, "a nested condition, which loses its negations");
      }
      Matcher encoder = ENCODER.matcher(line);
      if (encoder.find()) {
        add(i, encoder.group() + " rounds ties away from zero");
      }
    }
    return findings;
  }

  private void shift(int i, String line) {
    Matcher shift = SHIFT.matcher(line);
    if (shift.matches() && !nonNegative.contains(shift.group(2)) && !isMasked(shift.group(1))) {
      add(i, "an arithmetic shift of what may be negative");
    }
  }

  /** Whether a value is only ever used through a mask, which cuts the copies of the sign off. */
  private boolean isMasked(String value) {
    Pattern used = Pattern.compile("=.*\\b" + value + "\\b");
    Pattern masked = Pattern.compile("=\\s*\\(?" + value + " & \\d+\\)?.*");
    List<String> uses = lines.stream().filter(l -> used.matcher(l).find()).toList();
    return !uses.isEmpty() && uses.stream().allMatch(l -> masked.matcher(l).find());
  }

  private void index(int i, String line) {
    Matcher use = INDEXED.matcher(line);
    Set<String> told = new HashSet<>();
    while (use.find()) {
      String array = use.group(1);
      String index = use.group(2);
      Integer length = arrays.get(array);
      boolean bytes = index.startsWith("l_") || index.startsWith("ul_") || index.endsWith("L");
      boolean beyond = length != null && index.matches("\\d+") && Integer.parseInt(index) >= length;
      if (length != null && (bytes || beyond) && told.add(array)) {
        add(i, "a local array is indexed in bytes, beyond its end");
      }
    }
  }

  private void add(int line, String what) {
    findings.add(new SourceFinding(kernel.name(), line + 1, lines.get(line), what));
  }
}
