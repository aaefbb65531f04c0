package uk.ac.manchester.tornado.api.enums;

import java.util.Locale;

/** Tile shapes of the tensor-core instruction {@code mma.sync}, rows x columns x depth. */
public enum MMAShape {
  /** FP16 and BF16 operands. */
  M16N8K16,
  /** INT8 and FP8 operands. */
  M16N8K32;

  /** The shape as PTX spells it. */
  public String getPtxName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
