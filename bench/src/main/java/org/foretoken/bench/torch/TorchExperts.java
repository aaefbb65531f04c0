package org.foretoken.bench.torch;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.model.config.FeedForwardConfig.MixtureOfExperts;
import org.foretoken.model.nn.ParameterNames;

/**
 * DeepSeekMoE as eager PyTorch code does it: tokens are gathered for one expert after the other,
 * whose results are added back with their weights. The balance loss, which changes no cost that
 * counts, is left out.
 */
final class TorchExperts {
  /** Whom the tokens of a layer went to in the step at hand. */
  private record Routing(String bias, Tensor chosen, MixtureOfExperts config) {}

  private final TorchModel model;
  private final List<Routing> routings = new ArrayList<>();

  TorchExperts(TorchModel model) {
    this.model = model;
  }

  /** The routed and shared experts of a block on x [B, T, E]. */
  Tensor apply(MixtureOfExperts m, String mlp, Tensor x) {
    Tensor rows = x.reshape(-1, x.size(-1));
    Tensor scores = torch.sigmoid(torch.linear(rows, model.parameter(mlp + ParameterNames.ROUTER)));
    Tensor chosen = chosen(m, mlp + ParameterNames.ROUTER_BIAS, scores);
    Tensor weights = scores.gather(1, chosen);
    if (m.normTopkProb()) {
      weights = weights.div(weights.sum(new long[] {-1}, true, new ScalarTypeOptional()));
    }
    weights = weights.mul(new Scalar(m.routedScalingFactor())).view(-1, 1);
    Tensor flat = chosen.view(-1);
    Tensor out = torch.zeros_like(rows);
    for (int e = 0; e < m.routedExperts(); e++) {
      Tensor places = flat.eq(new Scalar(e)).nonzero().view(-1);
      if (places.size(0) == 0) {
        continue;
      }
      Tensor tokens = torch.floor_divide(places, new Scalar(m.expertsPerToken()));
      Tensor y = expert(mlp + "experts.", e, rows.index_select(0, tokens));
      out.index_add_(0, tokens, y.mul(weights.index_select(0, places)));
    }
    Tensor sum = out.view(x.size(0), x.size(1), x.size(2));
    return m.sharedExperts() == 0 ? sum : sum.add(model.dense(mlp + "shared_experts.", x));
  }

  private Tensor expert(String experts, int e, Tensor x) {
    Tensor gate = torch.silu(model.multiply(x, stacked(experts + "gate_proj.weight", e)));
    Tensor up = model.multiply(x, stacked(experts + "up_proj.weight", e));
    return model.multiply(gate.mul(up), stacked(experts + "down_proj.weight", e));
  }

  private Tensor stacked(String name, int e) {
    return model.parameter(name).select(0, e);
  }

  private Tensor chosen(MixtureOfExperts m, String bias, Tensor scores) {
    try (AutoGradMode _ = new AutoGradMode(false)) {
      Tensor choice = scores.add(model.parameter(bias));
      if (m.topkGroup() < m.expertGroups()) {
        long perGroup = m.routedExperts() / m.expertGroups();
        Tensor groups = choice.view(-1, m.expertGroups(), perGroup);
        long best = Math.min(2, perGroup);
        Tensor value =
            torch
                .topk(groups, best, -1, true, false)
                .get0()
                .sum(new long[] {-1}, false, new ScalarTypeOptional());
        Tensor kept = torch.topk(value, m.topkGroup(), -1, true, false).get1();
        Tensor dropped = torch.ones_like(value).scatter_(1, kept, new Scalar(0.0));
        Tensor mask = dropped.view(-1, m.expertGroups(), 1).gt(new Scalar(0.5));
        choice =
            groups
                .masked_fill(mask, new Scalar(Double.NEGATIVE_INFINITY))
                .view(-1, m.routedExperts());
      }
      Tensor chosen = torch.topk(choice, m.expertsPerToken(), -1, true, false).get1();
      routings.add(new Routing(bias, chosen, m));
      return chosen;
    }
  }

  /** Moves each bias by its fixed step, as after a training step. */
  void balance() {
    try (AutoGradMode _ = new AutoGradMode(false)) {
      for (Routing r : routings) {
        Tensor load =
            torch
                .bincount(r.chosen.view(-1), new TensorOptional(), r.config.routedExperts())
                .toType(torch.ScalarType.Float);
        Tensor step = load.mean().sub(load).sign().mul(new Scalar(r.config.biasUpdateSpeed()));
        model.parameter(r.bias).add_(step);
      }
    }
    routings.clear();
  }
}
