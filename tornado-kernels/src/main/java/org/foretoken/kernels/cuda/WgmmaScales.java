package org.foretoken.kernels.cuda;

/**
 * The scales of {@link WgmmaFp8Gemm}: where a thread finds those of its rows and columns of c, and
 * how products become sums. A thread has two rows of c, in registers 4j + {0, 1} and 4j + {2, 3},
 * and the columns 8j + 2 (lane mod 4) + {0, 1} of its tile. There are two sets of registers, a and
 * b, so that the scales of a block can be asked for while those of the block before are still in
 * use.
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
    void load(PtxText ptx, String set) {
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
      ptx.emit("  .reg .b32 %offset<#>;", WgmmaFp8Gemm.PAIRS);
      ptx.emit("  .reg .f32 %a0, %a8, %b0, %b8;");
      ptx.emit("  .reg .f32 %ab<#>, %bb<#>;", 2 * WgmmaFp8Gemm.PAIRS, 2 * WgmmaFp8Gemm.PAIRS);
    }

    // Columns beyond the matrix read the last pair's scales, and store nothing.
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
            sub.u32 %u, %n, 2;
          """);
      for (int j = 0; j < WgmmaFp8Gemm.PAIRS; j++) {
        ptx.emit("  add.u32 %t, %column, #;", 8 * j);
        ptx.emit("  min.u32 %t, %t, %u;");
        ptx.emit("  shl.b32 %offset#, %t, 2;", j);
      }
      ptx.emit("  mul.wide.u32 %adown, %m, 4;");
      ptx.emit("  mul.wide.u32 %bdown, %n, 4;");
    }

    @Override
    void load(PtxText ptx, String set) {
      ptx.emit("  ld.global.nc.f32 %#0, [%scale0];", set);
      ptx.emit("  ld.global.nc.f32 %#8, [%scale8];", set);
      for (int j = 0; j < WgmmaFp8Gemm.PAIRS; j++) {
        ptx.emit("  cvt.u64.u32 %at, %offset#;", j);
        ptx.emit("  add.u64 %at, %at, %scaleb;");
        ptx.emit("  ld.global.nc.v2.f32 {%#b#, %#b#}, [%at];", set, 2 * j, set, 2 * j + 1);
      }
      ptx.emit("  add.u64 %scale0, %scale0, %adown;");
      ptx.emit("  add.u64 %scale8, %scale8, %adown;");
      ptx.emit("  add.u64 %scaleb, %scaleb, %bdown;");
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
   */
  abstract void load(PtxText ptx, String set);

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
