package org.foretoken.kernels.cuda;

/**
 * The scales of {@link WgmmaFp8Gemm}: where a thread finds those of its rows and columns of c, and
 * how products become sums. A thread has two rows of c, in registers 4j + {0, 1} and 4j + {2, 3},
 * and the columns 8j + 2 (lane mod 4) + {0, 1} of its tile. Scales are asked for a block ahead of
 * their use, so there are two sets of registers, a and b, of which blocks take turns.
 */
enum WgmmaScales {
  /** a [m, ceil(k/128)] in 1x128 tiles, b [ceil(n/128), ceil(k/128)] in 128x128 blocks. */
  BLOCKS {
    @Override
    void registers(PtxText ptx) {
      ptx.emit("  .reg .f32 %a0, %a8, %ab, %b0, %b8, %bb;");
    }

    @Override
    void addresses(PtxText ptx) {
      rowAddress(ptx, "%row0", "%scale0", "%blocks");
      rowAddress(ptx, "%row8", "%scale8", "%blocks");
      ptx.block(
          """
            ld.param.u64 %scaleb, [b_scales];
            cvta.to.global.u64 %scaleb, %scaleb;
            shr.u32 %t, %column0, 7;
            mul.wide.u32 %at, %t, %blocks;
            shl.b64 %at, %at, 2;
            add.u64 %scaleb, %scaleb, %at;
          """);
    }

    @Override
    void load(PtxText ptx, String set, String label) {
      ptx.emit("  ld.global.nc.f32 %#0, [%scale0];", set);
      ptx.emit("  ld.global.nc.f32 %#8, [%scale8];", set);
      ptx.emit("  ld.global.nc.f32 %#b, [%scaleb];", set);
      ptx.emit("  add.u64 %scale0, %scale0, 4;");
      ptx.emit("  add.u64 %scale8, %scale8, 4;");
      ptx.emit("  add.u64 %scaleb, %scaleb, 4;");
    }

    @Override
    void promote(PtxText ptx, String set, String products) {
      ptx.emit("  mul.rn.f32 %x, %#0, %#b;", set, set);
      ptx.emit("  mul.rn.f32 %y, %#8, %#b;", set, set);
      for (int i = 0; i < WgmmaFp8Gemm.REGISTERS; i++) {
        ptx.emit("  fma.rn.f32 %sum#, %##, #, %sum#;", i, products, i, i % 4 < 2 ? "%x" : "%y", i);
      }
    }
  },

  /** a [ceil(k/128), m] and b [ceil(k/128), n], both in 1x128 tiles; n even. */
  TILES {
    @Override
    void registers(PtxText ptx) {
      ptx.emit("  .reg .b64 %adown, %bdown;");
      ptx.emit("  .reg .f32 %a0, %a8, %b0, %b8;");
      ptx.emit("  .reg .f32 %ab<#>, %bb<#>;", 2 * WgmmaFp8Gemm.PAIRS, 2 * WgmmaFp8Gemm.PAIRS);
      ptx.emit("  .reg .pred %whole;");
    }

    @Override
    void addresses(PtxText ptx) {
      rowAddress(ptx, "%row0", "%scale0", "1");
      rowAddress(ptx, "%row8", "%scale8", "1");
      ptx.block(
          """
            ld.param.u64 %scaleb, [b_scales];
            cvta.to.global.u64 %scaleb, %scaleb;
            and.b32 %column, %lane, 3;
            shl.b32 %column, %column, 1;
            add.u32 %column, %column, %column0;
            add.u32 %t, %column0, 128;
            setp.le.u32 %whole, %t, %n;
            mul.wide.u32 %adown, %m, 4;
            mul.wide.u32 %bdown, %n, 4;
          """);
    }

    /** Columns beyond the matrix read the last pair's scales, and store nothing. */
    @Override
    void load(PtxText ptx, String set, String label) {
      ptx.emit("  ld.global.nc.f32 %#0, [%scale0];", set);
      ptx.emit("  ld.global.nc.f32 %#8, [%scale8];", set);
      ptx.emit("  @!%whole bra #_EDGE;", label);
      ptx.emit("  mul.wide.u32 %at, %column, 4;");
      ptx.emit("  add.u64 %at, %at, %scaleb;");
      for (int j = 0; j < WgmmaFp8Gemm.PAIRS; j++) {
        pair(ptx, set, j, 32 * j);
      }
      ptx.emit("  bra #_LOADED;", label);
      ptx.emit("#_EDGE:", label);
      ptx.emit("  sub.u32 %u, %n, 2;");
      for (int j = 0; j < WgmmaFp8Gemm.PAIRS; j++) {
        ptx.emit("  add.u32 %t, %column, #;", 8 * j);
        ptx.emit("  min.u32 %t, %t, %u;");
        ptx.emit("  mul.wide.u32 %at, %t, 4;");
        ptx.emit("  add.u64 %at, %at, %scaleb;");
        pair(ptx, set, j, 0);
      }
      ptx.emit("#_LOADED:", label);
      ptx.emit("  add.u64 %scale0, %scale0, %adown;");
      ptx.emit("  add.u64 %scale8, %scale8, %adown;");
      ptx.emit("  add.u64 %scaleb, %scaleb, %bdown;");
    }

    private static void pair(PtxText ptx, String set, int j, int offset) {
      ptx.emit("  ld.global.nc.v2.f32 {%#b#, %#b#}, [%at+#];", set, 2 * j, set, 2 * j + 1, offset);
    }

    @Override
    void promote(PtxText ptx, String set, String products) {
      for (int i = 0; i < WgmmaFp8Gemm.REGISTERS; i++) {
        ptx.emit("  mul.rn.f32 %x, %##, %#b#;", set, i % 4 < 2 ? "0" : "8", set, i / 4 * 2 + i % 2);
        ptx.emit("  fma.rn.f32 %sum#, %##, %x, %sum#;", i, products, i, i);
      }
    }
  };

  /** Declares the two sets of registers and what else it needs. */
  abstract void registers(PtxText ptx);

  /**
   * The addresses of the scales of a tile of c for its first block, from %row0, %row8, %column0.
   */
  abstract void addresses(PtxText ptx);

  /**
   * Asks for the scales of the next block that has not been asked for.
   *
   * @param set of registers, a or b
   * @param label that begins the labels it needs
   */
  abstract void load(PtxText ptx, String set, String label);

  /**
   * Adds the products in registers that begin with {@code products}, times their scales, to %sum.
   */
  abstract void promote(PtxText ptx, String set, String products);

  /** Address of a row's scales; rows below the matrix read the last row's, and store nothing. */
  private static void rowAddress(PtxText ptx, String row, String address, String stride) {
    ptx.emit("  ld.param.u64 %scales, [a_scales];");
    ptx.emit("  cvta.to.global.u64 %scales, %scales;");
    ptx.emit("  sub.u32 %t, %m, 1;");
    ptx.emit("  min.u32 %t, %t, #;", row);
    ptx.emit("  mul.wide.u32 %at, %t, #;", stride);
    ptx.emit("  shl.b64 %at, %at, 2;");
    ptx.emit("  add.u64 #, %scales, %at;", address);
  }
}
