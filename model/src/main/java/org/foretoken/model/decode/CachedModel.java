package org.foretoken.model.decode;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.decode.DecodeGraphs.Kind;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;

/**
 * A model with its caches, fed a few rows at a time, of one sequence or of several. Cache rows are
 * addressed by position within a sequence's span, so going back to an earlier position is simply
 * feeding it again: what lies behind it is never looked at.
 *
 * <p>Every row has the same bits whatever rows run beside it, so neither the sequences beside it
 * nor the rows that fill a graph up to the next size change anything.
 */
public final class CachedModel {
  /** Largest number of rows of one graph run. */
  static final int LARGEST_CHUNK = 64;

  private final Backend backend;
  private final ModelConfig config;
  private final DecodeGraphs graphs;
  private final int capacity;
  private final Executable derivedWeights; // null where decoding reads the parameters alone
  private final int[] buffer = new int[LARGEST_CHUNK];
  private final StepRows single = new StepRows();
  private float[] logits = new float[0];

  /**
   * Prepares caches for sequences of up to {@code capacity} tokens together. The parameters must be
   * on the backend already.
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
    // One row more than sequences may use: the place of rows that only fill up a graph.
    graphs = new DecodeGraphs(backend, config, layout, precision, capacity + 1);
    Graph weights = new Graph("inference-weights");
    InferenceWeights.emitForDecoding(new Tape(weights, layout, precision, false), config, layout);
    derivedWeights = weights.nodes().isEmpty() ? null : backend.compile(weights);
    refreshWeights();
  }

  /**
   * Makes anew what decoding reads instead of the parameters: FP8 codes, and the absorbed weights
   * of latent attention. Needed whenever parameters have changed.
   */
  void refreshWeights() {
    if (derivedWeights != null) {
      derivedWeights.run();
    }
  }

  /**
   * Memory that caches of {@code capacity} tokens take at most, in bytes: keys and values or
   * latents, and hidden states, all in FP32.
   *
   * @param transposedKeys whether the backend keeps a transposed copy of keys, as the host does;
   *     latent attention has its cache a second time then
   */
  public static long cacheBytes(ModelConfig config, long capacity, boolean transposedKeys) {
    AttentionConfig attention = config.attention();
    long block = attention.cachedPerToken() + (transposedKeys ? attention.keysPerToken() : 0L);
    long row = (config.layers() + config.mtpDepth()) * block;
    long hidden = (config.mtpDepth() + 1L) * config.hiddenSize(); // h^0 .. h^{D-1}, drafted rows
    return (row + hidden) * Float.BYTES * capacity;
  }

  /** Tokens that the caches hold. */
  public int capacity() {
    return capacity;
  }

  /** The model's configuration. */
  public ModelConfig config() {
    return config;
  }

  /** Feeds the trunk tokens at positions from {@code position} on; nothing is predicted. */
  public void prefill(int[] ids, int position) {
    prefill(0, ids, position, wholeCache());
  }

  /**
   * Feeds the trunk tokens at positions from {@code position} on.
   *
   * @return for each of them the logits of the next token, [ids.length][V]
   */
  public float[][] trunk(int[] ids, int position) {
    single.clear();
    for (int i = 0; i < ids.length; i++) {
      single.add(ids[i], position + i, wholeCache(), true);
    }
    float[] flat = run(Kind.TRUNK, 0, single);
    int v = config.vocabSize();
    float[][] result = new float[ids.length][];
    Arrays.setAll(result, i -> Arrays.copyOfRange(flat, i * v, (i + 1) * v));
    return result;
  }

  /**
   * Feeds module {@code depth} the rows from {@code position} on, of which the hidden states of
   * depth - 1 are cached.
   *
   * @param ids t_{i+depth} for each row i
   * @return logits of t_{i+depth+1} for the last row i, [V]
   */
  public float[] module(int depth, int[] ids, int position) {
    single.clear();
    for (int i = 0; i < ids.length; i++) {
      single.add(ids[i], position + i, wholeCache(), i == ids.length - 1);
    }
    return Arrays.copyOf(run(Kind.MODULE, depth, single), config.vocabSize());
  }

  private StepRows.Span wholeCache() {
    return new StepRows.Span(0, capacity);
  }

  /**
   * Feeds module {@code depth}, or the trunk for 0, rows from {@code position} on of one sequence;
   * nothing is predicted.
   *
   * @param ids t_{i+depth} for each row i
   */
  void prefill(int depth, int[] ids, int position, StepRows.Span span) {
    StepRows rows = single;
    for (int at = 0; at < ids.length; at += LARGEST_CHUNK) {
      rows.clear();
      for (int i = at; i < Math.min(ids.length, at + LARGEST_CHUNK); i++) {
        rows.add(ids[i], position + i, span, false);
      }
      run(depth == 0 ? Kind.TRUNK : Kind.MODULE, depth, rows);
    }
  }

  /**
   * Feeds rows.
   *
   * @param depth 0 for the trunk, else the module
   * @return logits of the rows that want them, [heads * V], valid until the next call
   */
  float[] run(Kind kind, int depth, StepRows rows) {
    int wanted = rows.heads() * config.vocabSize();
    if (logits.length < wanted) {
      logits = new float[wanted];
    }
    int head = 0;
    for (int from = 0; from < rows.count(); from += LARGEST_CHUNK) {
      int to = Math.min(rows.count(), from + LARGEST_CHUNK);
      int headTo = head;
      while (headTo < rows.heads() && rows.headRow(headTo) < to) {
        headTo++;
      }
      chunk(kind, depth, rows, from, to, head, headTo);
      head = headTo;
    }
    return logits;
  }

  private void chunk(Kind kind, int depth, StepRows rows, int from, int to, int head, int headTo) {
    int n = to - from;
    int size = size(n);
    int heads = headTo - head;
    boolean chosen = heads > 0 && heads < n;
    int headSize = heads == n ? size : size(heads);
    DecodeGraphs.Step step = graphs.get(kind, depth, size, headSize, chosen);
    for (int i = 0; i < n; i++) {
      buffer[i] = rows.id(from + i);
    }
    upload(step.ids(), n, size, 0);
    for (int i = 0; i < n; i++) {
      buffer[i] = rows.position(from + i);
    }
    upload(step.positions(), n, size, 0);
    for (int i = 0; i < n; i++) {
      buffer[i] = rows.first(from + i);
    }
    upload(step.begins(), n, size, capacity);
    for (int i = 0; i < n; i++) {
      buffer[i] += rows.position(from + i);
    }
    upload(step.slots(), n, size, capacity);
    for (int i = 0; i < n; i++) {
      buffer[i]++;
    }
    upload(step.ends(), n, size, capacity + 1);
    if (step.previousSlots() != null) {
      for (int i = 0; i < n; i++) {
        buffer[i] -= 2;
      }
      upload(step.previousSlots(), n, size, capacity);
    }
    if (chosen) {
      for (int i = 0; i < heads; i++) {
        buffer[i] = rows.headRow(head + i) - from;
      }
      upload(step.headRows(), heads, headSize, 0);
    }
    step.executable().run();
    if (heads > 0) {
      download(step.logits(), head, headSize);
    }
  }

  /** Numbers of rows that graphs are made for: every one up to 8, then four for each doubling. */
  private static int size(int rows) {
    int step = rows <= 8 ? 1 : Integer.highestOneBit(rows - 1) / 4;
    return Math.ceilDiv(rows, step) * step;
  }

  private void upload(String tensor, int count, int size, int fill) {
    Arrays.fill(buffer, count, size, fill);
    backend.upload(tensor, MemorySegment.ofArray(buffer).asSlice(0, 4L * size));
  }

  private void download(String tensor, int head, int headSize) {
    int v = config.vocabSize();
    if ((head + headSize) * v > logits.length) {
      logits = Arrays.copyOf(logits, (head + headSize) * v);
    }
    MemorySegment all = MemorySegment.ofArray(logits);
    backend.download(tensor, all.asSlice(4L * head * v, 4L * headSize * v));
  }
}
