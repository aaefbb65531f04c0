package org.foretoken.kernels.codegen;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which variables of a generated kernel are never negative, short of an overflow: the largest set
 * of which every definition is made of indices, constants and members of the set.
 *
 * <p>A loop's counter is in it if it starts so and its step is, which is what a proof by induction
 * would say.
 */
final class SignAnalysis {
  private static final Pattern DEFINITION = Pattern.compile("(\\w+_\\d+)\\s*=\\s*(.+);");
  private static final Pattern INDEX =
      Pattern.compile(
          "\\(?(?:(?:blockIdx|threadIdx|blockDim|gridDim)\\.[xyz]|[*+])+\\)?"
              + "|get_(?:global|local|group)_(?:id|size)\\(\\d\\)|get_num_groups\\(\\d\\)");
  private static final Pattern CAST = Pattern.compile("\\((?:long long|long|int)\\) (\\w+)");
  private static final Pattern BINARY = Pattern.compile("(\\S+) (\\+|\\*|/|%|&|\\||>>|<<) (\\S+)");
  private static final Pattern CHOICE = Pattern.compile("\\([^?]+\\) \\? (\\S+) : (\\S+)");
  private static final Pattern EXTREME = Pattern.compile("(min|max)\\((\\S+), ?(\\S+)\\)");

  private final Map<String, Set<String>> definitions = new HashMap<>();
  private final Set<String> candidates;

  private SignAnalysis(List<String> lines) {
    for (String line : lines) {
      Matcher definition = DEFINITION.matcher(line);
      if (definition.matches()) {
        definitions
            .computeIfAbsent(definition.group(1), v -> new HashSet<>())
            .add(definition.group(2).strip());
      }
    }
    candidates = new HashSet<>(definitions.keySet());
  }

  /** The variables that no line makes negative. */
  static Set<String> nonNegative(List<String> lines) {
    SignAnalysis analysis = new SignAnalysis(lines);
    while (analysis.candidates.removeIf(
        v -> !analysis.definitions.get(v).stream().allMatch(analysis::holds))) {}
    return analysis.candidates;
  }

  private boolean holds(String expression) {
    if (isNonNegative(expression) || INDEX.matcher(expression).matches()) {
      return true;
    }
    Matcher cast = CAST.matcher(expression);
    if (cast.matches()) {
      return isNonNegative(cast.group(1));
    }
    Matcher choice = CHOICE.matcher(expression);
    if (choice.matches()) {
      return isNonNegative(choice.group(1)) && isNonNegative(choice.group(2));
    }
    Matcher extreme = EXTREME.matcher(expression);
    if (extreme.matches()) {
      boolean left = isNonNegative(extreme.group(2));
      boolean right = isNonNegative(extreme.group(3));
      return extreme.group(1).equals("max") ? left || right : left && right;
    }
    Matcher binary = BINARY.matcher(expression);
    if (!binary.matches()) {
      return false;
    }
    boolean left = isNonNegative(binary.group(1));
    boolean right = isNonNegative(binary.group(3));
    return switch (binary.group(2)) {
      case "&" -> left || right;
      case "%", ">>", "<<" -> left;
      default -> left && right;
    };
  }

  private boolean isNonNegative(String operand) {
    return operand.matches("\\d+L?") || candidates.contains(operand);
  }
}
