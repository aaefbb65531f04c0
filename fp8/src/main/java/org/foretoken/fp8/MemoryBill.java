package org.foretoken.fp8;

import java.util.ArrayList;
import java.util.List;

/**
 * What a model takes in memory under a {@link PrecisionPlan}, line by line.
 *
 * @param model name of the model
 * @param plan name of the plan
 * @param lines what is kept, in what, and how much of it
 */
public record MemoryBill(String model, String plan, List<Line> lines) {

  /** What memory is spent on. */
  public enum Item {
    /** Weights as the forward pass reads them: all that inference needs of them. */
    WEIGHTS,
    /** The optimizer's copy of the weights, where it is not the one above. */
    MASTER_WEIGHTS,
    /** Gradients of the weights. */
    GRADIENTS,
    /** AdamW's first moment. */
    FIRST_MOMENT,
    /** AdamW's second moment. */
    SECOND_MOMENT,
    /** Inputs kept for the backward pass. */
    ACTIVATIONS,
    /** Keys and values of the tokens decoded so far. */
    KV_CACHE
  }

  /**
   * A line of the bill.
   *
   * @param item what for
   * @param operation whose; null where it is the model's
   * @param storage what in, as in {@code "E4M3 (1x128)"}
   * @param elements how many elements
   * @param bytes how many bytes, scales included
   */
  public record Line(Item item, Operation operation, String storage, long elements, long bytes) {}

  public MemoryBill {
    lines = List.copyOf(lines);
  }

  /**
   * Adds up a model.
   *
   * @param trainingTokens tokens of a training step whose activations are kept at the same time
   * @param cachedTokens tokens in the key-value cache
   */
  public static MemoryBill of(
      PrecisionPlan plan, MemoryProfile profile, long trainingTokens, long cachedTokens) {
    List<Line> lines = new ArrayList<>();
    for (Operation operation : Operation.values()) {
      long parameters = profile.parameters().getOrDefault(operation, 0L);
      if (parameters > 0) {
        Storage working = plan.of(operation).weight();
        lines.add(line(Item.WEIGHTS, operation, working, parameters));
        if (!working.equals(Storage.plain(plan.masterWeights()))) {
          lines.add(
              line(
                  Item.MASTER_WEIGHTS, operation, Storage.plain(plan.masterWeights()), parameters));
        }
      }
    }
    long parameters = profile.totalParameters();
    lines.add(line(Item.GRADIENTS, null, Storage.plain(plan.gradients()), parameters));
    lines.add(line(Item.FIRST_MOMENT, null, Storage.plain(plan.firstMoment()), parameters));
    lines.add(line(Item.SECOND_MOMENT, null, Storage.plain(plan.secondMoment()), parameters));
    for (Operation operation : Operation.values()) {
      long elements =
          Math.multiplyExact(profile.inputsPerToken().getOrDefault(operation, 0L), trainingTokens);
      OperationPlan row = plan.of(operation);
      if (elements > 0 && !row.recomputesInput()) {
        lines.add(line(Item.ACTIVATIONS, operation, row.cache(), elements));
      }
    }
    lines.add(
        line(
            Item.KV_CACHE,
            null,
            Storage.plain(plan.kvCache()),
            Math.multiplyExact(profile.kvPerToken(), cachedTokens)));
    return new MemoryBill(profile.name(), plan.name(), lines);
  }

  private static Line line(Item item, Operation operation, Storage storage, long elements) {
    long bytes = (long) Math.ceil(elements * storage.bitsPerElement() / 8);
    return new Line(item, operation, storage.toString(), elements, bytes);
  }

  /** Bytes of all lines of {@code item}. */
  public long bytes(Item item) {
    return lines.stream().filter(line -> line.item() == item).mapToLong(Line::bytes).sum();
  }

  /** Bytes of a training step: everything but the key-value cache. */
  public long trainingBytes() {
    return lines.stream().filter(line -> line.item() != Item.KV_CACHE).mapToLong(Line::bytes).sum();
  }

  /** Bytes of inference: weights and key-value cache. */
  public long inferenceBytes() {
    return bytes(Item.WEIGHTS) + bytes(Item.KV_CACHE);
  }

  /**
   * Bytes of what the optimizer keeps: master weights, gradients and moments. Where the forward
   * pass reads the master weights themselves, they are counted here too.
   */
  public long optimizerBytes() {
    long master = 0;
    for (Line line : lines) {
      boolean shared =
          line.item() == Item.WEIGHTS
              && lines.stream()
                  .noneMatch(
                      other ->
                          other.item() == Item.MASTER_WEIGHTS
                              && other.operation() == line.operation());
      master += shared || line.item() == Item.MASTER_WEIGHTS ? line.bytes() : 0;
    }
    return master + bytes(Item.GRADIENTS) + bytes(Item.FIRST_MOMENT) + bytes(Item.SECOND_MOMENT);
  }
}
