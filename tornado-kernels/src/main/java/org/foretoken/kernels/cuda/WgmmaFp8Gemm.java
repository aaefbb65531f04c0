package org.foretoken.kernels.cuda;

/**
 * c [m,n] (+)= a [m,k] b [n,k]^T in E4M3 on Hopper's own FP8 tensor cores ({@code wgmma}), with
 * DeepSeek's scales and promotion to FP32 on the CUDA cores every 128 of the inner dimension
 * (DeepSeek-V3, section 3.3.2). In PTX, since no other compiler of this project reaches these
 * instructions. There are two kernels: for fprop and dgrad a comes in 1x128 tiles and b in 128x128
 * blocks, see {@link #BLOCKS}; for wgrad both come in 1x128 tiles, see {@link #TILES}.
 *
 * <pre>
 *   work group of 384 threads, one tile of 128 x 128 of c
 *
 *   warpgroup 0, one thread          warpgroups 1 and 2, 64 rows each
 *   ------------------------         ----------------------------------------------
 *   for each 128 of k:               for each 128 of k:
 *     wait until stage is empty        wait until stage is full
 *     copy engine: a, b -> stage       4 x wgmma m64n128k32 -> 64 registers a thread
 *                                      hand the stage back
 *                                      sums += (row's scale * block's scale) * products
 * </pre>
 *
 * A stage holds 128 x 128 bytes of a and of b as the copy engine swizzles them over 128 bytes (PTX
 * ISA, "Asynchronous warpgroup level matrix shared memory layout"): chunk j of 16 bytes in row r
 * lies at chunk j xor (r mod 8). Rows and columns outside the matrices are copied as zeros, so
 * ragged m, n and k need no other path.
 */
final class WgmmaFp8Gemm {
  /** Scales of a [m, ceil(k/128)], of b [ceil(n/128), ceil(k/128)]. */
  static final WgmmaFp8Gemm BLOCKS = new WgmmaFp8Gemm(false);

  /** Scales of a [ceil(k/128), m], of b [ceil(k/128), n], n even. */
  static final WgmmaFp8Gemm TILES = new WgmmaFp8Gemm(true);

  /** Rows and columns of a tile of c. */
  static final int TILE = 128;

  /** Threads of a work group. */
  static final int THREADS = 384;

  private static final int STAGES = 4;
  private static final int OPERAND_BYTES = TILE * TILE;
  private static final int STAGE_BYTES = 2 * OPERAND_BYTES;
  private static final int BARRIERS = STAGES * STAGE_BYTES;
  private static final int EMPTY = BARRIERS + 8 * STAGES;
  private static final int CONSUMER_WARPS = 8;

  /** Bytes of dynamic shared memory: stages, barriers, and what aligning the stages may take. */
  static final int SHARED_BYTES = EMPTY + 8 * STAGES + 1024;

  /** Accumulators of a thread: 64 x 128 over 128 threads. */
  private static final int REGISTERS = 64;

  /** Pairs of columns of c of a thread. */
  private static final int PAIRS = TILE / 8;

  private final boolean tiles;
  private final String ptx;
  private final StringBuilder text = new StringBuilder();

  private WgmmaFp8Gemm(boolean tiles) {
    this.tiles = tiles;
    head();
    setUp();
    producer();
    consumer();
    store();
    ptx = text.toString();
  }

  /** Name of the kernel. */
  String kernelName() {
    return tiles ? "wgmma_fp8_gemm_tiles" : "wgmma_fp8_gemm_nt";
  }

  /** The kernel's text, for {@code sm_90a}. */
  String ptx() {
    return ptx;
  }

  /** Adds a line, with the next value in the place of each #. */
  private void emit(String line, Object... values) {
    int from = 0;
    for (Object value : values) {
      int at = line.indexOf('#', from);
      text.append(line, from, at).append(value);
      from = at + 1;
    }
    text.append(line, from, line.length()).append('\n');
  }

  /** Parameters, registers. */
  private void head() {
    emit(
        """
        .version 8.0
        .target sm_90a
        .address_size 64

        .extern .shared .align 1024 .b8 stages[];

        .visible .entry #(
          .param .align 64 .b8 a_map[128],
          .param .align 64 .b8 b_map[128],
          .param .u64 a_scales,
          .param .u64 b_scales,
          .param .u64 c,
          .param .u32 m,
          .param .u32 n,
          .param .u32 k,
          .param .u32 accumulate)
        .maxntid #, 1, 1
        .minnctapersm 1
        {
          .reg .pred %p, %first, %inside, %add;
          .reg .b32 %thread, %lane, %warp, %group, %base, %stage, %phase, %full, %empty;
          .reg .b32 %m, %n, %k, %blocks, %block, %row0, %row8, %column, %column0, %line, %t, %u;
          .reg .b64 %a_map, %b_map, %scales, %scale0, %scale8, %scaleb, %c, %c0, %c8, %at, %da, %db;
          .reg .f32 %s0, %s8, %sb, %x, %y;
          .reg .f32 %d<#>, %sum<#>;
        """,
        kernelName(), THREADS, REGISTERS, REGISTERS);
    if (tiles) {
      emit("  .reg .b64 %adown, %bdown;");
      emit("  .reg .b32 %offset<#>;", PAIRS);
      emit("  .reg .f32 %sb<#>;", 2 * PAIRS);
    }
  }

  /** Where a thread is, and the barriers: full needs the producer, empty every consuming warp. */
  private void setUp() {
    emit("  ld.param.u32 %m, [m];");
    emit("  ld.param.u32 %n, [n];");
    emit("  ld.param.u32 %k, [k];");
    emit("  add.u32 %blocks, %k, 127;");
    emit("  shr.u32 %blocks, %blocks, 7;");
    emit("  mov.u32 %thread, %tid.x;");
    emit("  and.b32 %lane, %thread, 31;");
    emit("  shr.u32 %warp, %thread, 5;");
    emit("  shr.u32 %group, %thread, 7;");
    emit("  mov.u32 %t, %ctaid.y;");
    emit("  shl.b32 %line, %t, 7;");
    emit("  mov.u32 %t, %ctaid.x;");
    emit("  shl.b32 %column0, %t, 7;");
    emit("  mov.u32 %base, stages;");
    emit("  add.u32 %base, %base, 1023;");
    emit("  and.b32 %base, %base, -1024;");
    emit("  setp.ne.u32 %p, %thread, 0;");
    emit("  @%p bra READY;");
    for (int i = 0; i < STAGES; i++) {
      emit("  mbarrier.init.shared::cta.b64 [%base+#], 1;", BARRIERS + 8 * i);
      emit("  mbarrier.init.shared::cta.b64 [%base+#], #;", EMPTY + 8 * i, CONSUMER_WARPS);
    }
    emit("  fence.mbarrier_init.release.cluster;");
    emit("READY:");
    emit("  bar.sync 0;");
    emit("  mov.u32 %stage, 0;");
    emit("  mov.u32 %phase, 0;");
    emit("  mov.u32 %block, 0;");
    emit("  setp.ne.u32 %p, %group, 0;");
    emit("  @%p bra CONSUMER;");
  }

  /** One thread keeps the stages filled. */
  private void producer() {
    emit("  setmaxnreg.dec.sync.aligned.u32 40;");
    emit("  setp.ne.u32 %p, %thread, 0;");
    emit("  @%p bra DONE;");
    emit("  mov.b64 %a_map, a_map;");
    emit("  cvta.param.u64 %a_map, %a_map;");
    emit("  mov.b64 %b_map, b_map;");
    emit("  cvta.param.u64 %b_map, %b_map;");
    emit("FILL:");
    stageAddresses();
    emit("  xor.b32 %u, %phase, 1;");
    await("EMPTY", "%empty", "%u");
    emit("  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%full], #;", STAGE_BYTES);
    emit("  shl.b32 %u, %block, 7;");
    copy("%t", "%a_map", "%line");
    emit("  add.u32 %t, %t, #;", OPERAND_BYTES);
    copy("%t", "%b_map", "%column0");
    advance();
    emit("  @%p bra FILL;");
    emit("  bra DONE;");
  }

  private void copy(String target, String map, String firstRow) {
    emit(
        "  cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
            + " ["
            + target
            + "], ["
            + map
            + ", {%u, "
            + firstRow
            + "}], [%full];");
  }

  /** %t: the stage's memory; %full, %empty: its barriers. */
  private void stageAddresses() {
    emit("  shl.b32 %full, %stage, 3;");
    emit("  add.u32 %full, %full, %base;");
    emit("  add.u32 %empty, %full, #;", EMPTY);
    emit("  add.u32 %full, %full, #;", BARRIERS);
    emit("  mad.lo.u32 %t, %stage, #, %base;", STAGE_BYTES);
  }

  /** Waits until the phase of that parity of a barrier is over. */
  private void await(String label, String barrier, String parity) {
    emit("#_WAIT:", label);
    emit("  mbarrier.try_wait.parity.shared::cta.b64 %p, [#], #;", barrier, parity);
    emit("  @!%p bra #_WAIT;", label);
  }

  /** The next stage and block; %p: whether there is one. */
  private void advance() {
    emit("  add.u32 %block, %block, 1;");
    emit("  add.u32 %stage, %stage, 1;");
    emit("  setp.eq.u32 %p, %stage, #;", STAGES);
    emit("  @%p mov.u32 %stage, 0;");
    emit("  @%p xor.b32 %phase, %phase, 1;");
    emit("  setp.lt.u32 %p, %block, %blocks;");
  }

  /** Products of a block in the tensor core, then into the sums with their scales. */
  private void consumer() {
    emit("CONSUMER:");
    emit("  setmaxnreg.inc.sync.aligned.u32 232;");
    rows();
    for (int i = 0; i < REGISTERS; i++) {
      emit("  mov.f32 %sum#, 0f00000000;", i);
    }
    emit("MULTIPLY:");
    scales();
    stageAddresses();
    await("FULL", "%full", "%phase");
    // Warpgroup 1 multiplies rows 0 to 63 of the tile, warpgroup 2 rows 64 to 127.
    emit("  sub.u32 %u, %group, 1;");
    emit("  mad.lo.u32 %u, %u, #, %t;", OPERAND_BYTES / 2);
    descriptor("%da", "%u");
    emit("  add.u32 %u, %t, #;", OPERAND_BYTES);
    descriptor("%db", "%u");
    emit("  wgmma.fence.sync.aligned;");
    for (int step = 0; step < 4; step++) {
      emit("  setp.ne.u32 %first, #, 0;", step);
      emit(
          "  wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 {"
              + registers()
              + "}, %da, %db, %first, 1, 1;");
      if (step < 3) {
        emit("  add.u64 %da, %da, 2;"); // 32 bytes on, in units of 16
        emit("  add.u64 %db, %db, 2;");
      }
    }
    emit("  wgmma.commit_group.sync.aligned;");
    emit("  wgmma.wait_group.sync.aligned 0;");
    emit("  setp.eq.u32 %p, %lane, 0;");
    emit("  @%p mbarrier.arrive.shared::cta.b64 _, [%empty];");
    for (int i = 0; i < REGISTERS; i++) {
      String scale = i % 4 < 2 ? "%s0" : "%s8";
      if (tiles) {
        emit("  mul.rn.f32 %x, #, %sb#;", scale, i / 4 * 2 + i % 2);
        scale = "%x";
      }
      emit("  fma.rn.f32 %sum#, %d#, #, %sum#;", i, i, scale, i);
    }
    advance();
    emit("  @%p bra MULTIPLY;");
  }

  /** The two rows of c of a thread, and where their scales and b's begin. */
  private void rows() {
    emit("  and.b32 %t, %warp, 3;");
    emit("  shl.b32 %t, %t, 4;");
    emit("  sub.u32 %u, %group, 1;");
    emit("  shl.b32 %u, %u, 6;");
    emit("  add.u32 %t, %t, %u;");
    emit("  shr.u32 %u, %lane, 2;");
    emit("  add.u32 %t, %t, %u;");
    emit("  add.u32 %row0, %line, %t;");
    emit("  add.u32 %row8, %row0, 8;");
    emit("  ld.param.u64 %scales, [a_scales];");
    emit("  cvta.to.global.u64 %scales, %scales;");
    rowScales("%row0", "%scale0");
    rowScales("%row8", "%scale8");
    emit("  ld.param.u64 %scaleb, [b_scales];");
    emit("  cvta.to.global.u64 %scaleb, %scaleb;");
    if (tiles) {
      columnScales();
      return;
    }
    emit("  shr.u32 %t, %column0, 7;");
    emit("  mul.lo.u32 %t, %t, %blocks;");
    emit("  mul.wide.u32 %at, %t, 4;");
    emit("  add.u64 %scaleb, %scaleb, %at;");
  }

  /**
   * Where the scales of a thread's columns lie in a row of scales, 8j + 2 (lane mod 4) columns from
   * the tile's first. Columns beyond the matrix read the last pair's, and store nothing.
   */
  private void columnScales() {
    emit("  and.b32 %column, %lane, 3;");
    emit("  shl.b32 %column, %column, 1;");
    emit("  add.u32 %column, %column, %column0;");
    emit("  sub.u32 %u, %n, 2;");
    for (int j = 0; j < PAIRS; j++) {
      emit("  add.u32 %t, %column, #;", 8 * j);
      emit("  min.u32 %t, %t, %u;");
      emit("  shl.b32 %offset#, %t, 2;", j);
    }
    emit("  mul.wide.u32 %adown, %m, 4;");
    emit("  mul.wide.u32 %bdown, %n, 4;");
  }

  /** Address of a row's scales; rows below the matrix read the last row's, and store nothing. */
  private void rowScales(String row, String address) {
    emit("  sub.u32 %t, %m, 1;");
    emit("  min.u32 %t, %t, #;", row);
    emit("  mul.wide.u32 %at, %t, #;", tiles ? "1" : "%blocks");
    emit("  shl.b64 %at, %at, 2;");
    emit("  add.u64 #, %scales, %at;", address);
  }

  /**
   * The scales of both rows for the block at hand: times b's, or beside those of all columns, which
   * are asked for before the products are waited for.
   */
  private void scales() {
    emit("  ld.global.nc.f32 %s0, [%scale0];");
    emit("  ld.global.nc.f32 %s8, [%scale8];");
    if (tiles) {
      for (int j = 0; j < PAIRS; j++) {
        emit("  cvt.u64.u32 %at, %offset#;", j);
        emit("  add.u64 %at, %at, %scaleb;");
        emit("  ld.global.nc.v2.f32 {%sb#, %sb#}, [%at];", 2 * j, 2 * j + 1);
      }
      emit("  add.u64 %scale0, %scale0, %adown;");
      emit("  add.u64 %scale8, %scale8, %adown;");
      emit("  add.u64 %scaleb, %scaleb, %bdown;");
      return;
    }
    emit("  ld.global.nc.f32 %sb, [%scaleb];");
    emit("  add.u64 %scale0, %scale0, 4;");
    emit("  add.u64 %scale8, %scale8, 4;");
    emit("  add.u64 %scaleb, %scaleb, 4;");
    emit("  mul.rn.f32 %s0, %s0, %sb;");
    emit("  mul.rn.f32 %s8, %s8, %sb;");
  }

  /**
   * A matrix descriptor (PTX ISA, "Matrix Descriptor Format"): address in units of 16 bytes, 1024
   * bytes from one group of 8 rows to the next, swizzled over 128 bytes.
   */
  private void descriptor(String descriptor, String address) {
    emit("  and.b32 #, #, 0x3FFFF;", address, address);
    emit("  shr.u32 #, #, 4;", address, address);
    emit("  cvt.u64.u32 #, #;", descriptor, address);
    emit("  or.b64 #, #, #;", descriptor, descriptor, descriptorConstant());
  }

  /** The part of a matrix descriptor that does not depend on the address. */
  static long descriptorConstant() {
    long leading = 1; // not used by this swizzle
    long stride = 1024 / 16;
    long swizzle128 = 1;
    return leading << 16 | stride << 32 | swizzle128 << 62;
  }

  private static String registers() {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < REGISTERS; i++) {
      list.append(i == 0 ? "%d" : ", %d").append(i);
    }
    return list.toString();
  }

  /** Register 4j + {0, 1} is row 0, + {2, 3} row 8, columns 8j + 2 (lane mod 4) + {0, 1}. */
  private void store() {
    emit("  ld.param.u64 %c, [c];");
    emit("  cvta.to.global.u64 %c, %c;");
    emit("  ld.param.u32 %t, [accumulate];");
    emit("  setp.ne.u32 %add, %t, 0;");
    emit("  and.b32 %column, %lane, 3;");
    emit("  shl.b32 %column, %column, 1;");
    emit("  add.u32 %column, %column, %column0;");
    rowAddress("%row0", "%c0");
    rowAddress("%row8", "%c8");
    for (int j = 0; j < TILE / 8; j++) {
      pair("%row0", "%c0", 8 * j, 4 * j);
      pair("%row8", "%c8", 8 * j, 4 * j + 2);
    }
    emit("DONE:");
    emit("  ret;");
    emit("}");
  }

  private void rowAddress(String row, String address) {
    emit("  mul.wide.u32 %at, #, %n;", row);
    emit("  cvt.u64.u32 %da, %column;");
    emit("  add.u64 %at, %at, %da;");
    emit("  shl.b64 %at, %at, 2;");
    emit("  add.u64 #, %c, %at;", address);
  }

  private void pair(String row, String address, int offset, int register) {
    emit("  setp.lt.u32 %inside, #, %m;", row);
    emit("  add.u32 %t, %column, #;", offset);
    emit("  setp.lt.and.u32 %inside, %t, %n, %inside;");
    emit("  mov.f32 %x, 0f00000000;");
    emit("  mov.f32 %y, 0f00000000;");
    emit("  and.pred %p, %inside, %add;");
    emit("  @%p ld.global.v2.f32 {%x, %y}, [#+#];", address, 4 * offset);
    emit("  add.rn.f32 %x, %x, %sum#;", register);
    emit("  add.rn.f32 %y, %y, %sum#;", register + 1);
    emit("  @%inside st.global.v2.f32 [#+#], {%x, %y};", address, 4 * offset);
  }
}
