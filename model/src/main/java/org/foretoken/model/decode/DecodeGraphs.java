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
 * <p>Besides keys and values, the hidden states h^0 .. h^{D-1} are cached by position: module k
 * reads those of depth k - 1, and may have to read them again once a draft it was fed turns out
 * wrong.
 */
final class DecodeGraphs {
  /** Which graph: depth 0 is the trunk. */
  private record Key(int depth, int rows, Logits logits) {}

  /** For which rows logits are computed. */
  enum Logits {
    NONE,
    LAST,
    ALL
  }

  private final Backend backend;
  private final ModelConfig config;
  private final ModelLayout layout;
  private final PrecisionTable precision;
  private final int capacity;
  private final Map<Key, Executable> compiled = new HashMap<>();

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

  /** Prefix of the inputs and outputs of a graph, unique to its kind and size. */
  static String prefix(int depth, int rows) {
    return "decode." + depth + "x" + rows + ".";
  }

  /** The graph of {@code depth} for {@code rows} new rows. */
  Executable get(int depth, int rows, Logits logits) {
    return compiled.computeIfAbsent(
        new Key(depth, rows, logits), key -> backend.compile(build(depth, rows, logits)));
  }

  private Graph build(int depth, int rows, Logits logits) {
    Graph graph = new Graph("decode-" + depth + "x" + rows + "-" + logits);
    Tape tape = new Tape(graph, layout, precision, false);
    String prefix = prefix(depth, rows);
    Rows.Cached at = Rows.Cached.declare(graph, prefix, rows, capacity);
    Tensor ids = graph.declare(prefix + "ids", DType.I32, Role.INPUT, rows);
    Tensor headInput;
    if (depth == 0) {
      headInput = Trunk.hiddenStates(tape, config, ids, at);
      keepHidden(tape, 0, headInput, at);
    } else {
      Tensor previous = tape.value("previous", rows, config.hiddenSize());
      tape.emit(
          "previous",
          new Embedding(),
          List.of(at.slots(), hiddenCache(tape, depth - 1)),
          List.of(previous));
      MtpModule.Output out = MtpModule.apply(tape, config, depth, previous, ids, at);
      keepHidden(tape, depth, out.hiddenStates(), at);
      headInput = out.headInput();
    }
    if (logits != Logits.NONE) {
      head(tape, prefix, logits, headInput);
    }
    return graph;
  }

  private void head(Tape tape, String prefix, Logits logits, Tensor headInput) {
    Tensor rows = headInput;
    if (logits == Logits.LAST && headInput.rows() > 1) {
      Tensor last = tape.graph().declare(prefix + "last", DType.I32, Role.INPUT, 1);
      rows = tape.value("last_row", 1, config.hiddenSize());
      tape.emit("last_row", new Embedding(), List.of(last, headInput), List.of(rows));
    }
    Tensor weight = tape.parameter(Trunk.headWeight(config));
    Tensor out =
        tape.graph()
            .declare(
                prefix + "logits." + logits,
                DType.F32,
                Role.OUTPUT,
                rows.rows(),
                config.vocabSize());
    tape.emit(
        "head",
        new MatMul(Layout.NT, precision.head(), false),
        List.of(rows, weight),
        List.of(out));
  }

  private void keepHidden(Tape tape, int depth, Tensor hidden, Rows.Cached at) {
    if (depth < config.mtpDepth()) {
      tape.emit(
          "hidden_cache/append",
          new CacheAppend(),
          List.of(hidden, at.slots()),
          List.of(hiddenCache(tape, depth)));
    }
  }

  private Tensor hiddenCache(Tape tape, int depth) {
    return tape.graph()
        .declare(
            "decode.hidden_cache." + depth, DType.F32, Role.STATE, capacity, config.hiddenSize());
  }
}
