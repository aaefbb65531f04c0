package org.foretoken.model.decode;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.mtp.MtpModule;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.trunk.Rows;
import org.foretoken.model.trunk.Trunk;

/**
 * Graphs that push a few new rows through the trunk or through one MTP module, on caches that all
 * of them share. One graph for each kind and number of rows, compiled when first asked for.
 *
 * <p>Besides keys and values, the hidden states h^0 .. h^{D-1} are cached by row: module k reads
 * those of depth k - 1, and may have to read them again once a draft it was fed turns out wrong.
 * Where the last module drafts on with its own hidden state, that is cached too.
 */
final class DecodeGraphs {
  /** What a graph pushes rows through. */
  enum Kind {
    /** The trunk. */
    TRUNK,
    /** A module on the hidden states of the depth before it. */
    MODULE,
    /** The same, keeping what {@link #REUSED} reads. */
    MODULE_KEPT,
    /**
     * The last module on its own normed hidden state of the row before, in the place of h^{D-1}.
     */
    REUSED
  }

  /**
   * Which graph.
   *
   * @param depth 0 is the trunk
   * @param rows number of rows
   * @param heads number of rows that get logits
   * @param chosen whether an input says which; otherwise all rows in their order
   */
  private record Key(Kind kind, int depth, int rows, int heads, boolean chosen) {}

  /** A compiled graph and the names of its inputs and outputs. */
  record Step(
      Executable executable,
      String ids,
      String positions,
      String slots,
      String begins,
      String ends,
      String previousSlots,
      String headRows,
      String logits) {}

  private final Backend backend;
  private final ModelConfig config;
  private final ModelLayout layout;
  private final PrecisionTable precision;
  private final int capacity;
  private final Map<Key, Step> compiled = new HashMap<>();

  DecodeGraphs(
      Backend backend,
      ModelConfig config,
      ModelLayout layout,
      PrecisionTable precision,
      int capacity) {
    this.backend = backend;
    this.config = config;
    this.layout = layout;
    this.precision = precision;
    this.capacity = capacity;
  }

  /** The graph of {@code depth} for {@code rows} new rows, {@code heads} of them with logits. */
  Step get(Kind kind, int depth, int rows, int heads, boolean chosen) {
    return compiled.computeIfAbsent(new Key(kind, depth, rows, heads, chosen), this::compile);
  }

  private Step compile(Key key) {
    // Unique to kind and size; what graphs of the same rows have in common they share.
    String prefix = "decode." + key.depth + "x" + key.rows + ".";
    String previous = key.kind == Kind.REUSED ? prefix + "previous_slots" : null;
    String headRows = key.chosen ? prefix + "head_rows." + key.heads : null;
    String logits = prefix + "logits." + key.heads;
    Executable executable = backend.compile(build(key, prefix, previous, headRows, logits));
    return new Step(
        executable,
        prefix + "ids",
        prefix + "positions",
        prefix + "slots",
        prefix + "begins",
        prefix + "ends",
        previous,
        headRows,
        logits);
  }

  private Graph build(
      Key key, String prefix, String previousSlots, String headRows, String logits) {
    int rows = key.rows;
    Graph graph = new Graph("decode-" + key.kind + "-" + key.depth + "x" + rows + "-" + key.heads);
    Tape tape = new Tape(graph, layout, precision, false);
    Rows.Cached at = Rows.Cached.declare(graph, prefix, rows, capacity);
    Tensor ids = graph.declare(prefix + "ids", DType.I32, Role.INPUT, rows);
    Tensor headInput;
    if (key.kind == Kind.TRUNK) {
      headInput = Trunk.hiddenStates(tape, config, ids, at);
      keepHidden(tape, 0, headInput, at);
    } else {
      Tensor previous = tape.value("previous", rows, config.hiddenSize());
      boolean reused = key.kind == Kind.REUSED;
      Tensor slots =
          reused ? graph.declare(previousSlots, DType.I32, Role.INPUT, rows) : at.slots();
      Tensor from = reused ? draftHidden(tape) : hiddenCache(tape, key.depth - 1);
      tape.emit("previous", new Embedding(), List.of(slots, from), List.of(previous));
      MtpModule.Output out = MtpModule.apply(tape, config, key.depth, previous, ids, at);
      keepHidden(tape, key.depth, out.hiddenStates(), at);
      headInput = out.headInput();
      if (key.kind != Kind.MODULE) {
        append(tape, "draft_hidden/append", headInput, at, draftHidden(tape));
      }
    }
    if (key.heads > 0) {
      head(tape, headInput, key.heads, headRows, logits);
    }
    return graph;
  }

  private void head(Tape tape, Tensor headInput, int heads, String headRows, String logits) {
    Tensor rows = headInput;
    if (headRows != null) {
      Tensor wanted = tape.graph().declare(headRows, DType.I32, Role.INPUT, heads);
      rows = tape.value("head_rows", heads, config.hiddenSize());
      tape.emit("head_rows", new Embedding(), List.of(wanted, headInput), List.of(rows));
    }
    Tensor weight = tape.parameter(Trunk.headWeight(config));
    Tensor out = tape.graph().declare(logits, DType.F32, Role.OUTPUT, heads, config.vocabSize());
    tape.emit(
        "head",
        new MatMul(Layout.NT, precision.head(), false),
        List.of(rows, weight),
        List.of(out));
  }

  private void keepHidden(Tape tape, int depth, Tensor hidden, Rows.Cached at) {
    if (depth < config.mtpDepth()) {
      append(tape, "hidden_cache/append", hidden, at, hiddenCache(tape, depth));
    }
  }

  private static void append(Tape tape, String label, Tensor rows, Rows.Cached at, Tensor cache) {
    tape.emit(label, new CacheAppend(), List.of(rows, at.slots()), List.of(cache));
  }

  private Tensor hiddenCache(Tape tape, int depth) {
    return cache(tape, "decode.hidden_cache." + depth);
  }

  /** shared_head.norm(h^D) of rows that were drafted. */
  private Tensor draftHidden(Tape tape) {
    return cache(tape, "decode.draft_hidden");
  }

  private Tensor cache(Tape tape, String name) {
    return tape.graph().declare(name, DType.F32, Role.STATE, capacity, config.hiddenSize());
  }
}
