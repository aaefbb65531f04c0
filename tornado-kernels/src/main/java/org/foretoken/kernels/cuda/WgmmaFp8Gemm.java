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
  static final int OPERAND_BYTES = TILE * TILE;
  private static final int STAGE_BYTES = 2 * OPERAND_BYTES;
  private static final int BARRIERS = STAGES * STAGE_BYTES;
  private static final int EMPTY = BARRIERS + 8 * STAGES;
  private static final int CONSUMER_WARPS = 8;

  /** Bytes of dynamic shared memory: stages, barriers, and what aligning the stages may take. */
  static final int SHARED_BYTES = EMPTY + 8 * STAGES + 1024;

  private static final Map<WgmmaScales, WgmmaFp8Gemm> MEASURED = new EnumMap<>(WgmmaScales.class);

  static {
    for (WgmmaScales scales : WgmmaScales.values()) {
      MEASURED.put(scales, new WgmmaFp8Gemm(scales, 1, WgmmaOverlap.NONE));
    }
  }

  private final WgmmaScales scales;
  private final int cluster;
  private final WgmmaOverlap overlap;
  private final PtxText ptx = new PtxText();

  /** The kernel for products with these scales: of those that were measured the fastest. */
  static WgmmaFp8Gemm of(WgmmaScales scales) {
    return MEASURED.get(scales);
  }

  /**
   * Writes the kernel.
   *
   * @param cluster work groups that share b, 1 or 2
   * @param overlap what of the next block is under way while a warpgroup adds this one's products
   */
  WgmmaFp8Gemm(WgmmaScales scales, int cluster, WgmmaOverlap overlap) {
    this.scales = scales;
    this.cluster = cluster;
    this.overlap = overlap;
    head();
    setUp();
    producer();
    new WgmmaConsumer(this, scales, overlap, ptx).write();
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
  void place() {
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
  void nextTile(String label) {
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
        overlap.producerRegisters(), (1 << cluster) - 1);
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
  void stageAddresses() {
    ptx.emit("  shl.b32 %full, %stage, 3;");
    ptx.emit("  add.u32 %full, %full, %base;");
    ptx.emit("  add.u32 %empty, %full, #;", EMPTY);
    ptx.emit("  add.u32 %full, %full, #;", BARRIERS);
    ptx.emit("  mad.lo.u32 %t, %stage, #, %base;", STAGE_BYTES);
  }

  /** Waits until the phase of that parity of a barrier is over. */
  void await(String label, String barrier, String parity) {
    ptx.emit("#_WAIT:", label);
    ptx.emit("  mbarrier.try_wait.parity.shared::cta.b64 %p, [#], #;", barrier, parity);
    ptx.emit("  @!%p bra #_WAIT;", label);
  }

  /** The next stage and block; %p: whether there is one. */
  void advance() {
    ptx.emit("  add.u32 %block, %block, 1;");
    ptx.emit("  add.u32 %stage, %stage, 1;");
    ptx.emit("  setp.eq.u32 %p, %stage, #;", STAGES);
    ptx.emit("  @%p mov.u32 %stage, 0;");
    ptx.emit("  @%p xor.b32 %phase, %phase, 1;");
    ptx.emit("  setp.lt.u32 %p, %block, %blocks;");
  }
}
