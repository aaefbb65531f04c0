package org.foretoken.kernels.cuda;

import java.util.EnumMap;
import java.util.Map;

/**
 * c [m,n] (+)= a [m,k] b [n,k]^T in E4M3 on Hopper's own FP8 tensor cores ({@code wgmma}), with
 * DeepSeek's scales and promotion to FP32 on the CUDA cores every 128 of the inner dimension
 * (DeepSeek-V3, section 3.3.2). In PTX, since no other compiler of this project reaches these
 * instructions. {@link WgmmaScales} says which scales it takes.
 *
 * <pre>
 *   work groups of 384 threads stay on the device and take one tile of 128 x 128 of c after the
 *   other; the first takes copies for the next tile while the others still store the last
 *
 *   warpgroup 0, one thread          warpgroups 1 and 2, 64 rows each
 *   ------------------------         ----------------------------------------------
 *   for each 128 of k:               for each 128 of k:
 *     wait until stage is empty        wait until stage is full
 *     copy engine: a, b -> stage       4 x wgmma m64n128k32 -> 64 registers a thread
 *                                      hand the stage back
 *                                      sums += (row's scale * column's scale) * products
 * </pre>
 *
 * Work groups may come in clusters of two, with tiles one above the other: each then fetches half
 * of b's rows, and the copy engine puts them into both. That saves a quarter of what the tensor
 * cores draw from the L2 cache. Tiles are taken in groups of {@link #RASTER} rows of tiles, column
 * by column, so that what the device works on at one time comes from few rows of a and b.
 *
 * <p>A stage holds 128 x 128 bytes of a and of b as the copy engine swizzles them over 128 bytes
 * (PTX ISA, "Asynchronous warpgroup level matrix shared memory layout"): chunk j of 16 bytes in row
 * r lies at chunk j xor (r mod 8). Rows and columns outside the matrices are copied as zeros, so
 * ragged m, n and k need no other path.
 */
final class WgmmaFp8Gemm {
  /** Rows and columns of a tile of c. */
  static final int TILE = 128;

  /** Threads of a work group. */
  static final int THREADS = 384;

  /** Accumulators of a thread: 64 x 128 over 128 threads. */
  static final int REGISTERS = 64;

  /** Pairs of columns of c of a thread. */
  static final int PAIRS = TILE / 8;

  /** Rows of tiles that are worked on at one time. */
  static final int RASTER = 16;

  private static final int STAGES = 6;
  private static final int OPERAND_BYTES = TILE * TILE;
  private static final int STAGE_BYTES = 2 * OPERAND_BYTES;
  private static final int BARRIERS = STAGES * STAGE_BYTES;
  private static final int EMPTY = BARRIERS + 8 * STAGES;
  private static final int CONSUMER_WARPS = 8;

  /** Bytes of dynamic shared memory: stages, barriers, and what aligning the stages may take. */
  static final int SHARED_BYTES = EMPTY + 8 * STAGES + 1024;

  private static final Map<WgmmaScales, WgmmaFp8Gemm> MEASURED = new EnumMap<>(WgmmaScales.class);

  static {
    for (WgmmaScales scales : WgmmaScales.values()) {
      MEASURED.put(scales, new WgmmaFp8Gemm(scales, 1, false));
    }
  }

  private final WgmmaScales scales;
  private final int cluster;
  private final boolean ahead;
  private final PtxText ptx = new PtxText();

  /** The kernel for products with these scales: of those that were measured the fastest. */
  static WgmmaFp8Gemm of(WgmmaScales scales) {
    return MEASURED.get(scales);
  }

  /**
   * Writes the kernel.
   *
   * @param cluster work groups that share b, 1 or 2
   * @param ahead whether a warpgroup has the next block multiplied while it adds this one's
   *     products
   */
  WgmmaFp8Gemm(WgmmaScales scales, int cluster, boolean ahead) {
    this.scales = scales;
    this.cluster = cluster;
    this.ahead = ahead;
    head();
    setUp();
    producer();
    consumer();
    ptx.block(
        """
        FINISH:
        """);
    if (cluster > 1) { // the other's copies and arrivals still come into this one's memory
      ptx.emit("  barrier.cluster.arrive.release;");
      ptx.emit("  barrier.cluster.wait.acquire;");
    }
    ptx.block(
        """
        DONE:
          ret;
        }
        """);
  }

  /** Work groups of a cluster. */
  int cluster() {
    return cluster;
  }

  /** Rows of tiles of a product with m rows; those of a cluster are all there. */
  int tilesDown(int m) {
    return Math.ceilDiv(m, TILE * cluster) * cluster;
  }

  /** Rows of b that one copy fetches. */
  int boxRowsOfB() {
    return TILE / cluster;
  }

  /** Name of the kernel. */
  String kernelName() {
    return scales == WgmmaScales.BLOCKS ? "wgmma_fp8_gemm_nt" : "wgmma_fp8_gemm_tiles";
  }

  /** The kernel's text, for {@code sm_90a}. */
  String ptx() {
    return ptx.toString();
  }

  /** Parameters, registers. */
  private void head() {
    ptx.block(
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
        """,
        kernelName(),
        THREADS);
    if (cluster > 1) {
      ptx.emit(".explicitcluster");
      ptx.emit(".reqnctapercluster #, 1, 1", cluster);
    }
    ptx.block(
        """
        {
          .reg .pred %p, %first, %inside, %add;
          .reg .b32 %thread, %lane, %warp, %group, %rank, %base, %stage, %phase, %full, %empty;
          .reg .b32 %m, %n, %k, %blocks, %block, %row0, %row8, %column, %column0, %line, %t, %u, %v;
          .reg .b32 %tile, %tiles, %step, %down, %across, %remote;
          .reg .b64 %a_map, %b_map, %scales, %scale0, %scale8, %scaleb, %c, %c0, %c8, %at, %da, %db;
          .reg .b16 %both;
          .reg .b32 %held;
          .reg .f32 %x, %y;
          .reg .f32 %d<#>, %e<#>, %sum<#>;
        """,
        REGISTERS, REGISTERS, REGISTERS);
    scales.registers(ptx);
  }

  /** Where a thread is, and the barriers: full needs the producer, empty every consuming warp. */
  private void setUp() {
    ptx.block(
        """
          ld.param.u32 %m, [m];
          ld.param.u32 %n, [n];
          ld.param.u32 %k, [k];
          add.u32 %blocks, %k, 127;
          shr.u32 %blocks, %blocks, 7;
          add.u32 %down, %m, #;
          div.u32 %down, %down, #;
          add.u32 %across, %n, 127;
          shr.u32 %across, %across, 7;
          mul.lo.u32 %tiles, %down, %across;
          mov.u32 %tile, %ctaid.x;
          mov.u32 %step, %nctaid.x;
          div.u32 %tile, %tile, #;
          div.u32 %step, %step, #;
          mov.u32 %thread, %tid.x;
          and.b32 %lane, %thread, 31;
          shr.u32 %warp, %thread, 5;
          shr.u32 %group, %thread, 7;
          mov.u32 %rank, 0;
        """,
        TILE * cluster - 1, TILE * cluster, cluster, cluster);
    if (cluster > 1) {
      ptx.emit("  mov.u32 %rank, %cluster_ctarank;");
    }
    ptx.block(
        """
          mov.u32 %base, stages;
          add.u32 %base, %base, 1023;
          and.b32 %base, %base, -1024;
          setp.ne.u32 %p, %thread, 0;
          @%p bra READY;
        """);
    for (int i = 0; i < STAGES; i++) {
      ptx.emit("  mbarrier.init.shared::cta.b64 [%base+#], 1;", BARRIERS + 8 * i);
      ptx.emit(
          "  mbarrier.init.shared::cta.b64 [%base+#], #;", EMPTY + 8 * i, CONSUMER_WARPS * cluster);
    }
    ptx.block(
        """
          fence.mbarrier_init.release.cluster;
        READY:
          bar.sync 0;
        """);
    if (cluster > 1) { // nothing may come from the other before its barriers are there
      ptx.emit("  barrier.cluster.arrive.release;");
      ptx.emit("  barrier.cluster.wait.acquire;");
    }
    ptx.block(
        """
          mov.u32 %stage, 0;
          mov.u32 %phase, 0;
          setp.ne.u32 %p, %group, 0;
          @%p bra CONSUMER;
        """);
  }

  /** %line, %column0: first row and column of c of the tile at hand. */
  private void place() {
    ptx.block(
        """
          mul.lo.u32 %t, %across, #;
          div.u32 %u, %tile, %t;
          mul.lo.u32 %t, %u, %t;
          sub.u32 %t, %tile, %t;
          mul.lo.u32 %u, %u, #;
          sub.u32 %v, %down, %u;
          min.u32 %v, %v, #;
          div.u32 %column0, %t, %v;
          mul.lo.u32 %v, %column0, %v;
          sub.u32 %t, %t, %v;
          add.u32 %t, %t, %u;
          mad.lo.u32 %line, %t, #, %rank;
          shl.b32 %line, %line, 7;
          shl.b32 %column0, %column0, 7;
        """,
        RASTER / cluster, RASTER / cluster, RASTER / cluster, cluster);
  }

  /** The next tile of this work group, or the end. */
  private void nextTile(String label) {
    ptx.emit("  add.u32 %tile, %tile, %step;");
    ptx.emit("  setp.lt.u32 %p, %tile, %tiles;");
    ptx.emit("  @%p bra #;", label);
  }

  /** One thread keeps the stages filled. */
  private void producer() {
    ptx.block(
        """
          setmaxnreg.dec.sync.aligned.u32 #;
          setp.ne.u32 %p, %thread, 0;
          @%p bra DONE;
          mov.b64 %a_map, a_map;
          cvta.param.u64 %a_map, %a_map;
          mov.b64 %b_map, b_map;
          cvta.param.u64 %b_map, %b_map;
          mov.b16 %both, #;
        FILL_TILE:
        """,
        ahead ? 24 : 40, (1 << cluster) - 1);
    place();
    // The first row of the part of b that this work group fetches, and its place in a stage.
    ptx.emit("  mad.lo.u32 %column, %rank, #, %column0;", boxRowsOfB());
    ptx.emit("  mul.lo.u32 %v, %rank, #;", boxRowsOfB() * TILE);
    ptx.block(
        """
          mov.u32 %block, 0;
        FILL:
        """);
    stageAddresses();
    ptx.emit("  xor.b32 %u, %phase, 1;");
    await("EMPTY", "%empty", "%u");
    ptx.emit("  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%full], #;", STAGE_BYTES);
    ptx.emit("  shl.b32 %u, %block, 7;");
    copy("%a_map", "%line", 1);
    ptx.emit("  add.u32 %t, %t, #;", OPERAND_BYTES);
    ptx.emit("  add.u32 %t, %t, %v;");
    copy("%b_map", "%column", cluster);
    advance();
    ptx.emit("  @%p bra FILL;");
    nextTile("FILL_TILE");
    ptx.emit("  bra FINISH;");
  }

  /** Has rows of a matrix copied to %t, of every work group of the cluster where there are more. */
  private void copy(String map, String firstRow, int copies) {
    boolean multicast = copies > 1;
    ptx.emit(
        "  cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes#"
            + " [%t], [#, {%u, #}], [%full]#;",
        multicast ? ".multicast::cluster" : "", map, firstRow, multicast ? ", %both" : "");
  }

  /** %t: the stage's memory; %full, %empty: its barriers. */
  private void stageAddresses() {
    ptx.emit("  shl.b32 %full, %stage, 3;");
    ptx.emit("  add.u32 %full, %full, %base;");
    ptx.emit("  add.u32 %empty, %full, #;", EMPTY);
    ptx.emit("  add.u32 %full, %full, #;", BARRIERS);
    ptx.emit("  mad.lo.u32 %t, %stage, #, %base;", STAGE_BYTES);
  }

  /** Waits until the phase of that parity of a barrier is over. */
  private void await(String label, String barrier, String parity) {
    ptx.emit("#_WAIT:", label);
    ptx.emit("  mbarrier.try_wait.parity.shared::cta.b64 %p, [#], #;", barrier, parity);
    ptx.emit("  @!%p bra #_WAIT;", label);
  }

  /** The next stage and block; %p: whether there is one. */
  private void advance() {
    ptx.emit("  add.u32 %block, %block, 1;");
    ptx.emit("  add.u32 %stage, %stage, 1;");
    ptx.emit("  setp.eq.u32 %p, %stage, #;", STAGES);
    ptx.emit("  @%p mov.u32 %stage, 0;");
    ptx.emit("  @%p xor.b32 %phase, %phase, 1;");
    ptx.emit("  setp.lt.u32 %p, %block, %blocks;");
  }

  /** Products of each block in the tensor core, then into the sums with their scales. */
  private void consumer() {
    ptx.block(
        """
        CONSUMER:
          setmaxnreg.inc.sync.aligned.u32 #;
        TILE:
        """,
        ahead ? 240 : 232);
    place();
    rows();
    scales.addresses(ptx);
    for (int i = 0; i < REGISTERS; i++) {
      ptx.emit("  mov.f32 %sum#, 0f00000000;", i);
    }
    ptx.emit("  mov.u32 %block, 0;");
    if (ahead) {
      multiplyAhead();
    } else {
      multiplyInTurn();
    }
    ptx.emit("STORE:");
    store();
    nextTile("TILE");
  }

  /** One block after the other; while one warpgroup adds, the other's products are computed. */
  private void multiplyInTurn() {
    ptx.emit("MULTIPLY:");
    scales.load(ptx, "a");
    stageAddresses();
    await("FULL", "%full", "%phase");
    issue("d");
    ptx.emit("  wgmma.wait_group.sync.aligned 0;");
    release("%empty");
    scales.promote(ptx, "a", "d");
    advance();
    ptx.emit("  @%p bra MULTIPLY;");
  }

  /**
   * The tensor core already multiplies the next block while this one's products are added, so it
   * takes two sets of accumulators.
   */
  private void multiplyAhead() {
    scales.load(ptx, "a");
    stageAddresses();
    await("FULL_FIRST", "%full", "%phase");
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
    advance();
    ptx.emit("  @!%p bra LAST_#;", label);
    scales.load(ptx, nextSet);
    stageAddresses();
    await("FULL_" + label, "%full", "%phase");
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
    ptx.emit("  mad.lo.u32 %u, %u, #, %t;", OPERAND_BYTES / 2);
    descriptor("%da", "%u");
    ptx.emit("  add.u32 %u, %t, #;", OPERAND_BYTES);
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
    if (cluster == 1) {
      ptx.emit("  setp.eq.u32 %p, %lane, 0;");
      ptx.emit("  @%p mbarrier.arrive.shared::cta.b64 _, [#];", barrier);
      return;
    }
    // Nothing was written that the other would have to see, so no wider scope than the default.
    ptx.emit("  setp.lt.u32 %p, %lane, #;", cluster);
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
    for (int i = 0; i < REGISTERS; i++) {
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
    for (int j = 0; j < PAIRS; j++) {
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
