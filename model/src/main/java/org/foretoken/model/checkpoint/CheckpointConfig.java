package org.foretoken.model.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/** A checkpoint's {@code config.json} on its own. */
public final class CheckpointConfig {
  private CheckpointConfig() {}

  /**
   * Reads the file.
   *
   * @throws org.foretoken.fp8.InputException if it is not one JSON object in UTF-8
   */
  public static ObjectNode read(Path file) {
    return JsonFiles.read(file);
  }
}
