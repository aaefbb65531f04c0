package org.foretoken.bench.torch;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Batch;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.mtp.MtpTargets;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.train.ParameterInit;

/**
 * Training steps of the same model by LibTorch: autograd, gradient clipping and AdamW of its C++
 * API, in its eager mode, which is the only one that this API has.
 */
public final class TorchTraining {
  /** The numbers of AdamW and of gradient clipping. */
  public record Optimizer(
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double clip) {}

  private static final long MEAN = 1; // at::Reduction::Mean

  private final ModelConfig config;
  private final double lambda;
  private final TorchModel model;
  private final TensorVector all = new TensorVector();
  private final AdamW adamW;
  private final double clip;
  private final Batch batch;
  private final long[] sizes; // [B, T]

  /** The model with the initial weights of ours, and a batch of sequences of equal length. */
  public TorchTraining(
      ModelConfig config,
      ModelLayout layout,
      TrainConfig train,
      Batch batch,
      boolean bf16,
      Optimizer optimizer) {
    this.config = config;
    this.batch = batch;
    lambda = train.mtpLambda();
    clip = optimizer.clip();
    int length = train.sequenceLength();
    sizes = new long[] {batch.rows() / length, length};
    model =
        new TorchModel(
            config, layout, s -> ParameterInit.values(s, config, train.seed()), length, bf16);
    TensorVector decayed = new TensorVector();
    TensorVector plain = new TensorVector();
    for (ParameterSpec spec : layout.parameters()) {
      Tensor p = model.parameter(spec.name());
      p.set_requires_grad(true);
      all.push_back(p);
      (spec.decay() ? decayed : plain).push_back(p);
    }
    adamW = new AdamW(decayed, options(optimizer, optimizer.weightDecay()));
    adamW.add_param_group(new OptimizerParamGroup(plain, options(optimizer, 0)));
  }

  private static AdamWOptions options(Optimizer o, double decay) {
    AdamWOptions options = new AdamWOptions(o.learningRate());
    options.betas().put(o.beta1(), o.beta2());
    options.eps().put(o.epsilon());
    options.weight_decay().put(decay);
    return options;
  }

  /** One step, from the batch on the host to its loss on the host. */
  public double step() {
    try (PointerScope _ = new PointerScope()) {
      adamW.zero_grad();
      Tensor loss = loss();
      loss.backward();
      torch.clip_grad_norm_(all, clip);
      adamW.step();
      model.balance();
      return loss.item_float();
    }
  }

  private Tensor loss() {
    MtpTargets targets = batch.targets();
    Tensor hidden = model.trunk(LibTorch.indices(batch.ids()).view(sizes));
    Tensor loss = crossEntropy(hidden, targets.targets(0));
    for (int k = 1; k <= config.mtpDepth(); k++) {
      Tensor shifted = LibTorch.indices(targets.shiftedIds(k)).view(sizes);
      hidden = model.module(k, hidden, shifted);
      Tensor depth = crossEntropy(model.headInput(k, hidden), targets.targets(k));
      double factor = MtpLoss.coefficient(k, lambda, config.mtpDepth());
      loss = loss.add(depth.mul(new org.bytedeco.pytorch.Scalar(factor)));
    }
    return loss;
  }

  private Tensor crossEntropy(Tensor headInput, int[] targets) {
    Tensor logits = model.head(headInput).view(-1, config.vocabSize());
    return torch.cross_entropy_loss(
        logits, LibTorch.indices(targets), new TensorOptional(), MEAN, MtpTargets.NONE, 0.0);
  }
}
