package org.foretoken.model.mtp;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.MtpControl;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.trunk.Rows;
import org.foretoken.model.trunk.Trunk;

/**
 * The logits of the main model and of every MTP module on whole sequences, for looking at a model
 * and for tests. Training and decoding do not go through here: they never hold all logits.
 */
public final class MtpForward {
  private final Backend backend;
  private final ModelConfig config;
  private final int batchSize;
  private final int sequenceLength;
  private final Executable executable;

  /** Compiles the forward pass of B sequences of T tokens; parameters must be uploaded by name. */
  public MtpForward(
      Backend backend,
      ModelConfig config,
      PrecisionTable precision,
      int batchSize,
      int sequenceLength) {
    this.backend = backend;
    this.config = config;
    this.batchSize = batchSize;
    this.sequenceLength = sequenceLength;
    executable = backend.compile(graph(precision));
  }

  private Graph graph(PrecisionTable precision) {
    int n = batchSize * sequenceLength;
    Graph graph = new Graph("mtp-forward");
    ModelLayout layout = ModelLayout.of(config);
    Tape tape = new Tape(graph, layout, precision, false);
    InferenceWeights.emit(tape, config, layout);
    Rows rows = Rows.Packed.declare(graph, n);
    Tensor ids = graph.declare(MtpLoss.idsName(0), DType.I32, Role.INPUT, n);
    Tensor hidden = Trunk.hiddenStates(tape, config, ids, rows);
    head(tape, 0, hidden);
    for (int k = 1; k <= config.mtpDepth(); k++) {
      Tensor shifted = graph.declare(MtpLoss.idsName(k), DType.I32, Role.INPUT, n);
      MtpModule.Output out = MtpModule.apply(tape, config, k, hidden, shifted, rows);
      hidden = out.hiddenStates();
      head(tape, k, out.headInput());
    }
    return graph;
  }

  private void head(Tape tape, int depth, Tensor headInput) {
    Tensor weight = tape.parameter(Trunk.headWeight(config));
    Tensor logits =
        tape.graph()
            .declare(
                logitsName(depth), DType.F32, Role.OUTPUT, headInput.rows(), config.vocabSize());
    tape.emit(
        "head." + depth,
        new MatMul(Layout.NT, tape.precision().head(), false),
        List.of(headInput, weight),
        List.of(logits));
  }

  private static String logitsName(int depth) {
    return "logits." + depth;
  }

  /**
   * The logits of every depth.
   *
   * @param ids token ids, [B][T]
   * @return logits, [1 + D][B][T - k][V]: row i of depth k scores token t_{i+k+1}, after the module
   *     has seen t_0 .. t_{i+k}
   * @throws InputException when the ids are not B sequences of T tokens
   */
  public float[][][][] logits(int[][] ids) {
    int t = sequenceLength;
    int[] flat = new int[batchSize * t];
    int[] firstRow = new int[flat.length];
    int[] positions = new int[flat.length];
    if (ids.length != batchSize) {
      throw new InputException(
          "forward: expected " + batchSize + " sequences, found " + ids.length);
    }
    for (int b = 0; b < batchSize; b++) {
      if (ids[b].length != t) {
        throw new InputException(
            "forward: sequence " + b + ": expected " + t + " tokens, found " + ids[b].length);
      }
      for (int i = 0; i < t; i++) {
        flat[b * t + i] = ids[b][i];
        firstRow[b * t + i] = b * t;
        positions[b * t + i] = i;
      }
    }
    MtpTargets targets = new MtpTargets(flat, firstRow);
    put("rows.positions", positions);
    put("rows.first_row", firstRow);
    if (config.mtpDepth() > 0 && config.mtpControl() == MtpControl.NO_MASK) {
      put(Rows.MIRRORED, Rows.mirrored(firstRow));
    }
    for (int k = 0; k <= config.mtpDepth(); k++) {
      put(MtpLoss.idsName(k), k == 0 ? flat : targets.shiftedIds(k));
    }
    executable.run();
    float[][][][] result = new float[config.mtpDepth() + 1][][][];
    for (int k = 0; k < result.length; k++) {
      result[k] = depth(k);
    }
    return result;
  }

  private float[][][] depth(int k) {
    int v = config.vocabSize();
    float[] all = new float[batchSize * sequenceLength * v];
    backend.download(logitsName(k), MemorySegment.ofArray(all));
    float[][][] logits = new float[batchSize][Math.max(0, sequenceLength - k)][v];
    for (int b = 0; b < batchSize; b++) {
      for (int i = 0; i < logits[b].length; i++) {
        System.arraycopy(all, (b * sequenceLength + i) * v, logits[b][i], 0, v);
      }
    }
    return logits;
  }

  private void put(String tensor, int[] values) {
    backend.upload(tensor, MemorySegment.ofArray(values));
  }
}
