package org.foretoken.kernels.cuda;

/** What of the next block is under way while a warpgroup adds the products of this one. */
enum WgmmaOverlap {
  /** Nothing but its copy: scales are asked for and products begun when this block is done. */
  NONE(40, 232),

  /** Its scales, which have come by the time that its products are there. */
  SCALES(24, 240),

  /** Its scales and its products, in a second set of accumulators. */
  PRODUCTS(24, 240);

  private final int producerRegisters;
  private final int consumerRegisters;

  WgmmaOverlap(int producerRegisters, int consumerRegisters) {
    this.producerRegisters = producerRegisters;
    this.consumerRegisters = consumerRegisters;
  }

  /** Registers of a thread of the warpgroup that copies; those of all make 504 a lane at most. */
  int producerRegisters() {
    return producerRegisters;
  }

  /** Registers of a thread that multiplies. */
  int consumerRegisters() {
    return consumerRegisters;
  }

  /** Whether a kernel for these scales fits the registers. */
  boolean fits(WgmmaScales scales) {
    return this != PRODUCTS || scales == WgmmaScales.BLOCKS;
  }
}
