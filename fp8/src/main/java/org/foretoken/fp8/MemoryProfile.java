package org.foretoken.fp8;

import java.util.EnumMap;
import java.util.Map;

/**
 * What a model has to keep, in numbers of elements: the shape summary that a {@link MemoryBill} is
 * made from.
 *
 * @param name name of the model
 * @param parameters parameters of each operation that has some; a shared matrix counts once
 * @param inputsPerToken elements that enter each operation for one token of training, over all
 *     layers: what the backward pass needs; an input that two operations share belongs to one of
 *     them
 * @param kvPerToken elements that the key-value cache keeps for one token, over all layers
 */
public record MemoryProfile(
    String name,
    Map<Operation, Long> parameters,
    Map<Operation, Long> inputsPerToken,
    long kvPerToken) {

  public MemoryProfile {
    parameters = copy(name, "parameters", parameters);
    inputsPerToken = copy(name, "inputs per token", inputsPerToken);
    if (kvPerToken < 0) {
      throw new InputException(name + ": expected kvPerToken >= 0, found " + kvPerToken);
    }
    for (Operation operation : parameters.keySet()) {
      if (!operation.hasWeights()) {
        throw new InputException(name + ": " + operation + " has no parameters");
      }
    }
  }

  private static Map<Operation, Long> copy(String name, String what, Map<Operation, Long> map) {
    Map<Operation, Long> copy = new EnumMap<>(Operation.class);
    map.forEach(
        (operation, elements) -> {
          if (elements < 0) {
            throw new InputException(
                String.format(
                    "%s: %s of %s: expected at least 0, found %d",
                    name, what, operation, elements));
          }
          copy.put(operation, elements);
        });
    return Map.copyOf(copy);
  }

  /** A profile of {@code parameters} in linear layers and nothing else, for sums on an envelope. */
  public static MemoryProfile ofParameters(String name, long parameters) {
    return new MemoryProfile(name, Map.of(Operation.FEED_FORWARD_INPUT, parameters), Map.of(), 0);
  }

  /** All parameters. */
  public long totalParameters() {
    return parameters.values().stream().mapToLong(Long::longValue).sum();
  }
}
