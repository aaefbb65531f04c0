package org.foretoken.bench.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * What became of a step.
 *
 * @param step its name
 * @param command as it was called
 * @param status {@link #OK}, {@link #FAILED} or {@link #SKIPPED}
 * @param message why it is not ok, or what it came to, in one line
 * @param seconds that it took
 * @param limitSeconds that it had
 * @param failed what of it failed, by name
 * @param skipped what of it was not run or not measured, by name, with the reason
 * @param result what it printed; null where that is no JSON
 */
record StepOutcome(
    String step,
    String command,
    String status,
    String message,
    double seconds,
    double limitSeconds,
    List<String> failed,
    List<String> skipped,
    JsonNode result) {
  static final String OK = "ok";
  static final String FAILED = "failed";
  static final String SKIPPED = "skipped";
}
