package org.foretoken.bench.suite;

import java.util.Locale;

/** What a case runs; a suite names it in lower case. */
public enum BenchOp {
  /** Product of FP32 operands; shape MxNxK. */
  FP32_GEMM(Form.PRODUCT),
  /** Product of FP32 operands that enter it as bfloat16; shape MxNxK. */
  BF16_GEMM(Form.PRODUCT),
  /** Block-scaled product of E4M3 operands; shape MxNxK. */
  FP8_GEMM(Form.PRODUCT),
  /** FP32 to E4M3 in tiles of one row and 128 columns; shape MxK. */
  QUANTIZE_1X128(Form.MATRIX),
  /** FP32 to E4M3 in tiles of 128 rows and one column; shape MxK. */
  QUANTIZE_128X1(Form.MATRIX),
  /** FP32 to E4M3 in blocks; shape MxK. */
  QUANTIZE_128X128(Form.MATRIX),
  /** Both tilings of an activation from one read; shape MxK. */
  QUANTIZE_BOTH(Form.MATRIX),
  /** E4M3 in 1x128 tiles to FP32; shape MxK. */
  DEQUANTIZE_1X128(Form.MATRIX),
  /** Causal attention, forward; shape TxHxD: tokens, heads, width of a head. */
  ATTENTION(Form.PRODUCT),
  /** Its gradient; shape TxHxD. */
  ATTENTION_GRAD(Form.PRODUCT),
  /** Output head with cross-entropy and their gradients; shape NxVxE. */
  CROSS_ENTROPY_HEAD(Form.PRODUCT),
  /** AdamW on a matrix; shape MxK. */
  ADAMW(Form.MATRIX),
  /** One training step; shape PRESET [path=value ...]. */
  TRAIN_STEP(Form.MODEL),
  /** One greedy token with a cache, no drafts; shape PRESET [path=value ...]. */
  DECODE(Form.MODEL),
  /** One step of self-speculative decoding with all MTP modules; shape PRESET [path=value ...]. */
  SPECULATIVE_DECODE(Form.MODEL),
  /**
   * One greedy token of self-speculative decoding where every draft is accepted, on weights made
   * for that: the most that drafts can gain; shape PRESET [path=value ...].
   */
  ACCEPTED_DECODE(Form.MODEL);

  /** How a shape is written. */
  public enum Form {
    /** Two extents. */
    MATRIX(2, "MxK such as 4096x7168"),
    /** Three extents. */
    PRODUCT(3, "MxNxK such as 64x2112x7168"),
    /** A preset and settings. */
    MODEL(0, "PRESET [path=value ...] such as 'tiny train.sequence_length=512'");

    private final int extents;
    private final String expected;

    Form(int extents, String expected) {
      this.extents = extents;
      this.expected = expected;
    }

    /** Number of extents; 0 for a model. */
    public int extents() {
      return extents;
    }

    /** What to write, for messages. */
    public String expected() {
      return expected;
    }
  }

  private final Form form;

  BenchOp(Form form) {
    this.form = form;
  }

  /** How its shapes are written. */
  public Form form() {
    return form;
  }

  /** Whether it is a matrix product, which has the three passes of a linear layer. */
  public boolean isGemm() {
    return this == FP32_GEMM || this == BF16_GEMM || this == FP8_GEMM;
  }

  /** Its name in suites and results. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
