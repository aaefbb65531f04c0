package org.foretoken.model.decode;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;

/**
 * A model with its caches, fed a few tokens at a time. Cache rows are addressed by position, so
 * going back to an earlier position is simply feeding it again: what lies behind it is never looked
 * at.
 */
public final class CachedModel {
  /** Largest number of rows of one graph run. */
  static final int LARGEST_CHUNK = 64;

  private final Backend backend;
  private final ModelConfig config;
  private final DecodeGraphs graphs;
  private final int capacity;

  /**
   * Prepares caches for sequences of up to {@code capacity} tokens. The parameters must be on the
   * backend already.
   */
  public CachedModel(
      Backend backend,
      ModelConfig config,
      ModelLayout layout,
      PrecisionTable precision,
      int capacity) {
    this.backend = backend;
    this.config = config;
    this.capacity = capacity;
    graphs = new DecodeGraphs(backend, config, layout, precision, capacity);
    Graph weights = new Graph("inference-weights");
    InferenceWeights.emitForDecoding(new Tape(weights, layout, precision, false), config, layout);
    if (!weights.nodes().isEmpty()) {
      backend.compile(weights).run();
    }
  }

  /** Longest sequence that the caches hold. */
  public int capacity() {
    return capacity;
  }

  /** The model's configuration. */
  public ModelConfig config() {
    return config;
  }

  /** Feeds the trunk tokens at positions from {@code position} on; nothing is predicted. */
  public void prefill(int[] ids, int position) {
    feed(0, ids, position, ids.length);
  }

  /**
   * Feeds the trunk tokens at positions from {@code position} on.
   *
   * @return for each of them the logits of the next token, [ids.length][V]
   */
  public float[][] trunk(int[] ids, int position) {
    Executable graph = graphs.get(0, ids.length, DecodeGraphs.Logits.ALL);
    upload(0, ids, position);
    graph.run();
    return logits(0, ids.length, DecodeGraphs.Logits.ALL, ids.length);
  }

  /**
   * Feeds module {@code depth} the rows from {@code position} on, of which the hidden states of
   * depth - 1 are cached.
   *
   * @param ids t_{i+depth} for each row i
   * @return logits of t_{i+depth+1} for the last row i, [V]
   */
  public float[] module(int depth, int[] ids, int position) {
    int tail = Math.min(ids.length, 8);
    int head = ids.length - tail;
    feed(depth, ids, position, head);
    Executable graph = graphs.get(depth, tail, DecodeGraphs.Logits.LAST);
    upload(depth, Arrays.copyOfRange(ids, head, ids.length), position + head);
    if (tail > 1) {
      put(DecodeGraphs.prefix(depth, tail) + "last", new int[] {tail - 1});
    }
    graph.run();
    return logits(depth, tail, DecodeGraphs.Logits.LAST, 1)[0];
  }

  private void feed(int depth, int[] ids, int position, int count) {
    int at = 0;
    while (at < count) {
      int chunk = Math.min(LARGEST_CHUNK, Integer.highestOneBit(count - at));
      Executable graph = graphs.get(depth, chunk, DecodeGraphs.Logits.NONE);
      upload(depth, Arrays.copyOfRange(ids, at, at + chunk), position + at);
      graph.run();
      at += chunk;
    }
  }

  private void upload(int depth, int[] ids, int position) {
    int rows = ids.length;
    if (position + rows > capacity) {
      throw new IllegalStateException(
          "decode: expected at most " + capacity + " positions, found " + (position + rows));
    }
    int[] positions = new int[rows];
    int[] ends = new int[rows];
    for (int i = 0; i < rows; i++) {
      positions[i] = position + i;
      ends[i] = position + i + 1;
    }
    String prefix = DecodeGraphs.prefix(depth, rows);
    put(prefix + "ids", ids);
    put(prefix + "positions", positions);
    put(prefix + "slots", positions);
    put(prefix + "begins", new int[rows]);
    put(prefix + "ends", ends);
  }

  private float[][] logits(int depth, int rows, DecodeGraphs.Logits kind, int count) {
    int v = config.vocabSize();
    float[] flat = new float[count * v];
    backend.download(
        DecodeGraphs.prefix(depth, rows) + "logits." + kind, MemorySegment.ofArray(flat));
    float[][] result = new float[count][];
    for (int i = 0; i < count; i++) {
      result[i] = Arrays.copyOfRange(flat, i * v, (i + 1) * v);
    }
    return result;
  }

  private void put(String tensor, int[] values) {
    backend.upload(tensor, MemorySegment.ofArray(values));
  }
}
