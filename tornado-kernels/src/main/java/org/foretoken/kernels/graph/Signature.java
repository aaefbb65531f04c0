package org.foretoken.kernels.graph;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The contract of an operation's operands, written the way it is documented:
 *
 * <pre>{@code x F32[N,E], weight F32[E] -> y F32[N,E], rstd F32[N]}</pre>
 *
 * <p>A symbol stands for the same extent wherever it occurs; {@code K/128} is {@code ceil(K/128)};
 * a number stands for itself; {@code [*]} accepts any shape, and the same one for every {@code [*]}
 * of the signature; {@code F32|BF16} accepts either type; a {@code +} before a written operand's
 * name says that it is updated rather than overwritten.
 */
public final class Signature {
  private record Operand(String name, Set<DType> dtypes, List<String> dims, boolean updated) {
    boolean anyShape() {
      return dims.size() == 1 && dims.get(0).equals("*");
    }

    @Override
    public String toString() {
      return String.join("|", dtypes.stream().map(Enum::name).toList())
          + "["
          + String.join(",", dims)
          + "]";
    }
  }

  private final String text;
  private final List<Operand> reads;
  private final List<Operand> writes;

  private Signature(String text, List<Operand> reads, List<Operand> writes) {
    this.text = text;
    this.reads = reads;
    this.writes = writes;
  }

  /** Parses a signature in the notation above. */
  public static Signature parse(String text) {
    String[] sides = text.split("->", -1);
    if (sides.length != 2) {
      throw new IllegalArgumentException("signature '" + text + "': expected one '->'");
    }
    return new Signature(text, operands(sides[0]), operands(sides[1]));
  }

  private static List<Operand> operands(String side) {
    List<Operand> list = new ArrayList<>();
    for (String part : side.trim().split(",\\s+")) {
      if (part.isBlank()) {
        continue;
      }
      String[] words = part.trim().split("\\s+");
      int bracket = words[1].indexOf('[');
      Set<DType> dtypes = EnumSet.noneOf(DType.class);
      for (String d : words[1].substring(0, bracket).split("\\|")) {
        dtypes.add(DType.valueOf(d));
      }
      String dims = words[1].substring(bracket + 1, words[1].length() - 1);
      boolean updated = words[0].startsWith("+");
      list.add(
          new Operand(
              updated ? words[0].substring(1) : words[0],
              dtypes,
              List.of(dims.split(",")),
              updated));
    }
    return List.copyOf(list);
  }

  /** Whether written operand {@code i} is updated, that is, read before it is written. */
  public boolean updates(int i) {
    return writes.get(i).updated;
  }

  /** Name of read operand {@code i}. */
  public String readName(int i) {
    return reads.get(i).name;
  }

  /** Name of written operand {@code i}. */
  public String writeName(int i) {
    return writes.get(i).name;
  }

  /**
   * Checks the operands of one node.
   *
   * @param where the node's label and operation, for the message
   * @param bound symbols with an extent that the operation itself fixes
   * @throws GraphException naming operation, operand, expected and found
   */
  public void check(String where, Map<String, Integer> bound, List<Tensor> in, List<Tensor> out) {
    if (in.size() != reads.size() || out.size() != writes.size()) {
      throw new GraphException(
          where
              + ": expected "
              + reads.size()
              + " inputs and "
              + writes.size()
              + " outputs ("
              + text
              + "), found "
              + in.size()
              + " and "
              + out.size());
    }
    Map<String, Integer> symbols = new HashMap<>(bound);
    Shape[] any = new Shape[1];
    for (int i = 0; i < in.size(); i++) {
      check(where, reads.get(i), in.get(i), symbols, any);
    }
    for (int i = 0; i < out.size(); i++) {
      check(where, writes.get(i), out.get(i), symbols, any);
    }
  }

  private static void check(
      String where, Operand expected, Tensor found, Map<String, Integer> symbols, Shape[] any) {
    boolean ok = expected.dtypes.contains(found.dtype());
    if (expected.anyShape()) {
      ok &= any[0] == null || any[0].equals(found.shape());
      any[0] = found.shape();
    } else if (found.shape().rank() != expected.dims.size()) {
      ok = false;
    } else {
      for (int axis = 0; axis < expected.dims.size(); axis++) {
        int extent = found.shape().dim(axis);
        Integer want = resolve(expected.dims.get(axis), symbols);
        if (want == null) {
          symbols.put(expected.dims.get(axis), extent);
        } else {
          ok &= want == extent;
        }
      }
    }
    if (!ok) {
      throw new GraphException(
          where
              + ": operand '"
              + expected.name
              + "' expected "
              + expected
              + " with "
              + symbols
              + ", found "
              + found);
    }
  }

  /** The extent a dimension stands for, or null for a symbol that is not bound yet. */
  private static Integer resolve(String dim, Map<String, Integer> symbols) {
    int slash = dim.indexOf('/');
    if (slash >= 0) {
      Integer whole = resolve(dim.substring(0, slash), symbols);
      int part = Integer.parseInt(dim.substring(slash + 1));
      return whole == null ? null : Integer.valueOf(Math.ceilDiv(whole, part));
    }
    if (Character.isDigit(dim.charAt(0))) {
      return Integer.valueOf(dim);
    }
    return symbols.get(dim);
  }

  @Override
  public String toString() {
    return text;
  }
}
