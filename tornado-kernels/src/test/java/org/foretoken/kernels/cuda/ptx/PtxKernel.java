package org.foretoken.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A kernel's text taken apart: parameters, registers, labels, statements. */
public final class PtxKernel {
  /**
   * A statement.
   *
   * @param guard register of the predicate it depends on, or -1
   * @param negated whether it runs where the predicate is false
   * @param operation name with its suffixes
   * @param operands as written
   * @param line in the text, from 1
   */
  record Statement(int guard, boolean negated, String operation, List<String> operands, int line) {}

  private static final Pattern DECLARED = Pattern.compile("(%[a-z_]+[0-9]*)(?:<(\\d+)>)?");

  final List<Statement> statements = new ArrayList<>();
  final Map<String, Integer> labels = new HashMap<>();
  final List<String> parameters = new ArrayList<>();
  private final Map<String, Integer> registers = new HashMap<>();

  /** Threads of a work group. */
  int threads;

  /** Takes {@code text} apart. */
  public PtxKernel(String text) {
    String[] lines = text.split("\n");
    for (int i = 0; i < lines.length; i++) {
      line(lines[i].strip(), i + 1);
    }
  }

  private void line(String line, int number) {
    if (line.startsWith(".param")) {
      String[] words = line.split("[\\s,()]+");
      parameters.add(words[words.length - 1].replaceAll("\\[.*", ""));
    } else if (line.startsWith(".maxntid")) {
      threads = Integer.parseInt(line.split("[\\s,]+")[1]);
    } else if (line.startsWith(".reg")) {
      declare(line.substring(line.indexOf('%')));
    } else if (line.endsWith(":")) {
      labels.put(line.substring(0, line.length() - 1), statements.size());
    } else if (line.endsWith(";") && !line.startsWith(".")) {
      statement(line.substring(0, line.length() - 1), number);
    }
  }

  private void declare(String list) {
    for (String name : list.replace(";", "").split(",\\s*")) {
      Matcher matcher = DECLARED.matcher(name.strip());
      if (!matcher.matches()) {
        throw new IllegalArgumentException("register " + name);
      }
      if (matcher.group(2) == null) {
        registers.put(matcher.group(1), registers.size());
        continue;
      }
      for (int i = 0; i < Integer.parseInt(matcher.group(2)); i++) {
        registers.put(matcher.group(1) + i, registers.size());
      }
    }
  }

  private void statement(String text, int number) {
    String rest = text;
    int guard = -1;
    boolean negated = false;
    if (rest.startsWith("@")) {
      negated = rest.charAt(1) == '!';
      int end = rest.indexOf(' ');
      guard = register(rest.substring(negated ? 2 : 1, end));
      rest = rest.substring(end + 1);
    }
    int space = rest.indexOf(' ');
    String operation = space < 0 ? rest : rest.substring(0, space);
    List<String> operands = space < 0 ? List.of() : split(rest.substring(space + 1));
    statements.add(new Statement(guard, negated, operation, operands, number));
  }

  /** Operands between commas that no bracket encloses. */
  static List<String> split(String text) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int begin = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      if (c == ',' && depth == 0) {
        parts.add(text.substring(begin, i).strip());
        begin = i + 1;
      }
    }
    parts.add(text.substring(begin).strip());
    return parts;
  }

  /** Index of a declared register. */
  int register(String name) {
    Integer index = registers.get(name);
    if (index == null) {
      throw new IllegalArgumentException("register " + name + " is not declared");
    }
    return index;
  }

  int registers() {
    return registers.size();
  }
}
