package org.foretoken.bench.python;

import java.util.LinkedHashMap;
import java.util.Map;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;

/** Whole models as {@code peer.py} takes them. */
public final class PythonModel {
  private PythonModel() {}

  /** A compiled training step of the same model and batch on the GPU. */
  public static PythonPeer trainStep(String kind, RunConfig run) {
    ModelConfig m = run.model();
    if (!(m.attention() instanceof AttentionConfig.GroupedQuery a)) {
      throw new NotMeasured(
          "peer.py has no attention of kind " + m.attention().getClass().getSimpleName());
    }
    Map<String, Object> work = new LinkedHashMap<>();
    work.put("op", "train_step");
    work.put("kind", kind);
    work.put("vocab_size", m.vocabSize());
    work.put("hidden_size", m.hiddenSize());
    work.put("layers", m.layers());
    work.put("heads", a.heads());
    work.put("kv_heads", a.kvHeads());
    work.put("head_dim", a.headDim());
    work.put("intermediate_size", m.intermediateSize());
    work.put("mtp_depth", m.mtpDepth());
    work.put("tie_embeddings", m.tieEmbeddings());
    work.put("rope_theta", m.ropeTheta());
    work.put("rms_norm_eps", m.rmsNormEps());
    work.put("init_std", m.initStd());
    work.put("mtp_lambda", run.train().mtpLambda());
    work.put("batch_size", run.train().batchSize());
    work.put("sequence_length", run.train().sequenceLength());
    return PythonPeer.open(work);
  }
}
