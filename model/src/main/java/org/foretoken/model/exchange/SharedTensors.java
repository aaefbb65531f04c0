package org.foretoken.model.exchange;

import java.util.LinkedHashMap;
import java.util.Map;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.mtp.MtpModule;
import org.foretoken.model.nn.ParameterNames;

/**
 * Tensors that files may hold a second time: DeepSeek-V3's have a copy of embedding and head with
 * each MTP module, which trains and runs on the trunk's own.
 */
public final class SharedTensors {
  private SharedTensors() {}

  /** Names of the copies with each MTP module, with the names of the tensors that they copy. */
  public static Map<String, String> ofModules(ModelConfig model) {
    String head = model.tieEmbeddings() ? ParameterNames.EMBEDDING : ParameterNames.HEAD;
    Map<String, String> copies = new LinkedHashMap<>();
    for (int k = 1; k <= model.mtpDepth(); k++) {
      String block = MtpModule.prefix(model, k);
      copies.put(block + "embed_tokens.weight", ParameterNames.EMBEDDING);
      copies.put(block + "shared_head.head.weight", head);
    }
    return copies;
  }

  /** The same, and the head of a model whose head is its embedding. */
  static Map<String, String> all(ModelConfig model) {
    Map<String, String> copies = ofModules(model);
    if (model.tieEmbeddings()) {
      copies.put(ParameterNames.HEAD, ParameterNames.EMBEDDING);
    }
    return copies;
  }
}
