package org.foretoken.kernels.cuda;

/**
 * The part of {@link WgmmaFp8Gemm} that the two multiplying warpgroups run: products of each block
 * of 128 in the tensor core, then into sums in FP32 with their scales, and the sums to c.
 */
final class WgmmaConsumer {
  private final WgmmaFp8Gemm kernel;
  private final WgmmaScales scales;
  private final WgmmaOverlap overlap;
  private final PtxText ptx;

  WgmmaConsumer(WgmmaFp8Gemm kernel, WgmmaScales scales, WgmmaOverlap overlap, PtxText ptx) {
    this.kernel = kernel;
    this.scales = scales;
    this.overlap = overlap;
    this.ptx = ptx;
  }

  /** Products of each block in the tensor core, then into the sums with their scales. */
  void write() {
    ptx.block(
        """
        CONSUMER:
          setmaxnreg.inc.sync.aligned.u32 #;
        TILE:
        """,
        overlap.consumerRegisters());
    kernel.place();
    rows();
    scales.addresses(ptx);
    for (int i = 0; i < WgmmaFp8Gemm.REGISTERS; i++) {
      ptx.emit("  mov.f32 %sum#, 0f00000000;", i);
    }
    ptx.emit("  mov.u32 %block, 0;");
    switch (overlap) {
      case NONE -> multiplyInTurn();
      case SCALES -> multiplyWithScalesAhead();
      case PRODUCTS -> multiplyAhead();
    }
    ptx.emit("STORE:");
    store();
    kernel.nextTile("TILE");
  }

  /** One block after the other; while one warpgroup adds, the other's products are computed. */
  private void multiplyInTurn() {
    ptx.emit("MULTIPLY:");
    scales.load(ptx, "a");
    kernel.stageAddresses();
    kernel.await("FULL", "%full", "%phase");
    issue("d");
    ptx.emit("  wgmma.wait_group.sync.aligned 0;");
    release("%empty");
    scales.promote(ptx, "a", "d");
    kernel.advance();
    ptx.emit("  @%p bra MULTIPLY;");
  }

  /** As {@link #multiplyInTurn}, but the next block's scales come while this one is multiplied. */
  private void multiplyWithScalesAhead() {
    scales.load(ptx, "a");
    ptx.emit("MULTIPLY:");
    withScalesAhead("a", "b", "A");
    withScalesAhead("b", "a", "B");
    ptx.emit("  bra MULTIPLY;");
  }

  private void withScalesAhead(String set, String next, String label) {
    kernel.stageAddresses();
    kernel.await("FULL_" + label, "%full", "%phase");
    issue("d");
    ptx.emit("  add.u32 %t, %block, 1;");
    ptx.emit("  setp.lt.u32 %p, %t, %blocks;");
    ptx.emit("  @!%p bra LAST_#;", label);
    scales.load(ptx, next);
    ptx.emit("LAST_#:", label);
    ptx.emit("  wgmma.wait_group.sync.aligned 0;");
    release("%empty");
    scales.promote(ptx, set, "d");
    kernel.advance();
    ptx.emit("  @!%p bra STORE;");
  }

  /**
   * The tensor core already multiplies the next block while this one's products are added, so it
   * takes two sets of accumulators.
   */
  private void multiplyAhead() {
    scales.load(ptx, "a");
    kernel.stageAddresses();
    kernel.await("FULL_FIRST", "%full", "%phase");
    issue("d");
    ptx.emit("MULTIPLY:");
    ahead("d", "a", "e", "b", "A");
    ahead("e", "b", "d", "a", "B");
    ptx.emit("  bra MULTIPLY;");
    last("e", "b", "B");
    ptx.emit("  bra STORE;");
    last("d", "a", "A");
  }

  private void ahead(String products, String set, String next, String nextSet, String label) {
    ptx.emit("  mov.u32 %held, %empty;");
    kernel.advance();
    ptx.emit("  @!%p bra LAST_#;", label);
    scales.load(ptx, nextSet);
    kernel.stageAddresses();
    kernel.await("FULL_" + label, "%full", "%phase");
    issue(next);
    ptx.emit("  wgmma.wait_group.sync.aligned 1;");
    release("%held");
    scales.promote(ptx, set, products);
  }

  private void last(String products, String set, String label) {
    ptx.emit("LAST_#:", label);
    ptx.emit("  wgmma.wait_group.sync.aligned 0;");
    release("%held");
    scales.promote(ptx, set, products);
  }

  /** The two rows of c of a thread. */
  private void rows() {
    ptx.block(
        """
          and.b32 %t, %warp, 3;
          shl.b32 %t, %t, 4;
          sub.u32 %u, %group, 1;
          shl.b32 %u, %u, 6;
          add.u32 %t, %t, %u;
          shr.u32 %u, %lane, 2;
          add.u32 %t, %t, %u;
          add.u32 %row0, %line, %t;
          add.u32 %row8, %row0, 8;
        """);
  }

  /** Has the tensor core multiply the warpgroup's 64 rows of a by b. */
  private void issue(String products) {
    // Warpgroup 1 multiplies rows 0 to 63 of the tile, warpgroup 2 rows 64 to 127.
    ptx.emit("  sub.u32 %u, %group, 1;");
    ptx.emit("  mad.lo.u32 %u, %u, #, %t;", WgmmaFp8Gemm.OPERAND_BYTES / 2);
    descriptor("%da", "%u");
    ptx.emit("  add.u32 %u, %t, #;", WgmmaFp8Gemm.OPERAND_BYTES);
    descriptor("%db", "%u");
    ptx.emit("  wgmma.fence.sync.aligned;");
    for (int step = 0; step < 4; step++) {
      ptx.emit("  setp.ne.u32 %first, #, 0;", step);
      ptx.emit(
          "  wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 {#}, %da, %db, %first, 1, 1;",
          accumulators(products));
      if (step < 3) {
        ptx.emit("  add.u64 %da, %da, 2;"); // 32 bytes on, in units of 16
        ptx.emit("  add.u64 %db, %db, 2;");
      }
    }
    ptx.emit("  wgmma.commit_group.sync.aligned;");
  }

  /** Hands a stage back, to every work group that copies into it. */
  private void release(String barrier) {
    if (kernel.cluster() == 1) {
      ptx.emit("  setp.eq.u32 %p, %lane, 0;");
      ptx.emit("  @%p mbarrier.arrive.shared::cta.b64 _, [#];", barrier);
      return;
    }
    // Nothing was written that the other would have to see, so no wider scope than the default.
    ptx.emit("  setp.lt.u32 %p, %lane, #;", kernel.cluster());
    ptx.emit("  @%p mapa.shared::cluster.u32 %remote, #, %lane;", barrier);
    ptx.emit("  @%p mbarrier.arrive.shared::cluster.b64 _, [%remote];");
  }

  /**
   * A matrix descriptor (PTX ISA, "Matrix Descriptor Format"): address in units of 16 bytes, 1024
   * bytes from one group of 8 rows to the next, swizzled over 128 bytes.
   */
  private void descriptor(String descriptor, String address) {
    ptx.emit("  and.b32 #, #, 0x3FFFF;", address, address);
    ptx.emit("  shr.u32 #, #, 4;", address, address);
    ptx.emit("  cvt.u64.u32 #, #;", descriptor, address);
    ptx.emit("  or.b64 #, #, #;", descriptor, descriptor, descriptorConstant());
  }

  /** The part of a matrix descriptor that does not depend on the address. */
  static long descriptorConstant() {
    long leading = 1; // not used by this swizzle
    long stride = 1024 / 16;
    long swizzle128 = 1;
    return leading << 16 | stride << 32 | swizzle128 << 62;
  }

  private static String accumulators(String products) {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < WgmmaFp8Gemm.REGISTERS; i++) {
      list.append(i == 0 ? "%" : ", %").append(products).append(i);
    }
    return list.toString();
  }

  /** Register 4j + {0, 1} is row 0, + {2, 3} row 8, columns 8j + 2 (lane mod 4) + {0, 1}. */
  private void store() {
    ptx.block(
        """
          ld.param.u64 %c, [c];
          cvta.to.global.u64 %c, %c;
          ld.param.u32 %t, [accumulate];
          setp.ne.u32 %add, %t, 0;
          and.b32 %column, %lane, 3;
          shl.b32 %column, %column, 1;
          add.u32 %column, %column, %column0;
        """);
    rowAddress("%row0", "%c0");
    rowAddress("%row8", "%c8");
    for (int j = 0; j < WgmmaFp8Gemm.PAIRS; j++) {
      pair("%row0", "%c0", 8 * j, 4 * j);
      pair("%row8", "%c8", 8 * j, 4 * j + 2);
    }
  }

  private void rowAddress(String row, String address) {
    ptx.emit("  mul.wide.u32 %at, #, %n;", row);
    ptx.emit("  cvt.u64.u32 %da, %column;");
    ptx.emit("  add.u64 %at, %at, %da;");
    ptx.emit("  shl.b64 %at, %at, 2;");
    ptx.emit("  add.u64 #, %c, %at;", address);
  }

  private void pair(String row, String address, int offset, int register) {
    ptx.emit("  setp.lt.u32 %inside, #, %m;", row);
    ptx.emit("  add.u32 %t, %column, #;", offset);
    ptx.emit("  setp.lt.and.u32 %inside, %t, %n, %inside;");
    ptx.emit("  mov.f32 %x, 0f00000000;");
    ptx.emit("  mov.f32 %y, 0f00000000;");
    ptx.emit("  and.pred %p, %inside, %add;");
    ptx.emit("  @%p ld.global.v2.f32 {%x, %y}, [#+#];", address, 4 * offset);
    ptx.emit("  add.rn.f32 %x, %x, %sum#;", register);
    ptx.emit("  add.rn.f32 %y, %y, %sum#;", register + 1);
    ptx.emit("  @%inside st.global.v2.f32 [#+#], {%x, %y};", address, 4 * offset);
  }
}
