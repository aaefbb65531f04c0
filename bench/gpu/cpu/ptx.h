// The PTX instructions that TornadoVM's CUDA backend writes as inline assembler.
//
// rewrite.cpp turns asm("NAME operands") into fk_ptx_NAME(operands in the order of the text).
// Fragments are laid out as the PTX ISA says under "Warp Level Matrix Multiply-Accumulate
// Instructions": lane l belongs to row group l/4 and column group l%4.
#pragma once

#include <cuda_fp8.h>

#include "shim.h"

// ------------------------------------------------------------------------------ shared addresses
// fk_shared, the kernels' shared memory, is declared by rewrite.cpp ahead of this file. A shared
// address is the offset in it.
static inline void fk_ptx_shared_address(unsigned& to, const void* p) {
  const uintptr_t offset = (uintptr_t)p - (uintptr_t)fk_shared;
  if (offset >= sizeof fk_shared) fk->fault("an address outside shared memory, where one inside is needed");
  to = (unsigned)offset;
}

static inline unsigned char* fk_at(unsigned address, unsigned bytes) {
  if (address % bytes != 0 || address + bytes > sizeof fk_shared) {
    fk->fault("a shared address that is not aligned, or outside");
    return fk_shared;
  }
  return fk_shared + address;
}

// ------------------------------------------------------------------------------ cp.async
// The copies are made when they are waited for, as late as the GPU may make them.
static inline void fk_ptx_cp_async_ca_shared_global(unsigned to, const void* from, int bytes) {
  if ((uintptr_t)from % (unsigned)bytes != 0) fk->fault("cp.async: a source that is not aligned");
  fk->copyAsync(fk_at(to, (unsigned)bytes), from, (unsigned)bytes);
}
static inline void fk_ptx_cp_async_commit_group() { fk->commitAsync(); }
static inline void fk_ptx_cp_async_wait_group(int groups) { fk->waitAsync((unsigned)groups); }

// ------------------------------------------------------------------------------ ldmatrix
struct FkLoad {
  unsigned address;
  uint32_t r[4];
};

template <int MATRICES, bool TRANSPOSED>
static void fk_load_all(void* const* lanes) {
  for (int lane = 0; lane < 32; lane++) {
    if (!lanes[lane]) {
      fk->fault("ldmatrix without all 32 lanes of the warp");
      return;
    }
  }
  for (int i = 0; i < MATRICES; i++) {
    uint16_t m[8][8];
    for (int row = 0; row < 8; row++) {
      memcpy(m[row], fk_at(((FkLoad*)lanes[8 * i + row])->address, 16), 16);
    }
    for (int lane = 0; lane < 32; lane++) {
      const int g = lane / 4, t = 2 * (lane % 4);
      const uint16_t low = TRANSPOSED ? m[t][g] : m[g][t];
      const uint16_t high = TRANSPOSED ? m[t + 1][g] : m[g][t + 1];
      ((FkLoad*)lanes[lane])->r[i] = low | (uint32_t)high << 16;
    }
  }
}

template <class R>
static inline void fk_ptx_ldmatrix_sync_aligned_m8n8_x4_shared_b16(
    R& r0, R& r1, R& r2, R& r3, unsigned address) {
  FkLoad load = {address, {}};
  fk->warp(&load, fk_load_all<4, false>);
  r0 = load.r[0], r1 = load.r[1], r2 = load.r[2], r3 = load.r[3];
}

template <class R>
static inline void fk_ptx_ldmatrix_sync_aligned_m8n8_x2_trans_shared_b16(
    R& r0, R& r1, unsigned address) {
  FkLoad load = {address, {}};
  fk->warp(&load, fk_load_all<2, true>);
  r0 = load.r[0], r1 = load.r[1];
}

// ------------------------------------------------------------------------------ mma.sync
struct FkProduct {
  uint32_t a[4], b[2];
  float c[4], d[4];
};

static inline float fk_decode_bf16(uint32_t bits) { return fk_bits<float>(bits << 16); }
static inline float fk_decode_f16(uint32_t bits) {
  return (float)fk_bits<_Float16>((uint16_t)bits);
}
template <__nv_fp8_interpretation_t KIND>
static inline float fk_decode_fp8(uint32_t bits) {
  return fk_decode_f16(__nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)bits, KIND).x);
}

// K elements of BITS bits: 16 x 16 or 32 x 8. In both a register holds 32/BITS neighbours along k,
// and the second half of the registers lies K/2 further along k. Products are exact in FP32; they
// are added to c in ascending k, each sum rounded to nearest even. (A GPU adds several at once, and
// cuts some bits off: this is one order of the sums that the PTX ISA leaves open.)
template <int BITS, float (*DECODE)(uint32_t)>
static void fk_multiply_all(void* const* lanes) {
  constexpr int each = 32 / BITS, K = 8 * each;
  float a[16][K], b[K][8], sums[16][8];
  for (int lane = 0; lane < 32; lane++) {
    const FkProduct* p = (const FkProduct*)lanes[lane];
    if (!p) {
      fk->fault("mma.sync without all 32 lanes of the warp");
      return;
    }
    const int g = lane / 4, t = each * (lane % 4);
    for (int e = 0; e < each; e++) {
      const auto part = [e](uint32_t r) {
        return DECODE(r >> (BITS * e) & ((1U << BITS) - 1U));
      };
      a[g][t + e] = part(p->a[0]);
      a[g + 8][t + e] = part(p->a[1]);
      a[g][t + K / 2 + e] = part(p->a[2]);
      a[g + 8][t + K / 2 + e] = part(p->a[3]);
      b[t + e][g] = part(p->b[0]);
      b[t + K / 2 + e][g] = part(p->b[1]);
    }
    for (int i = 0; i < 4; i++) sums[g + 8 * (i / 2)][2 * (lane % 4) + i % 2] = p->c[i];
  }
  for (int row = 0; row < 16; row++)
    for (int k = 0; k < K; k++)
      for (int column = 0; column < 8; column++)
        sums[row][column] = fmaf(a[row][k], b[k][column], sums[row][column]);
  for (int lane = 0; lane < 32; lane++) {
    FkProduct* p = (FkProduct*)lanes[lane];
    for (int i = 0; i < 4; i++) p->d[i] = sums[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2];
  }
}

#define FK_MMA(SHAPE, KIND, ALL)                                                              \
  template <class R>                                                                          \
  static inline void fk_ptx_mma_sync_aligned_##SHAPE##_row_col_f32_##KIND##_##KIND##_f32(     \
      float& d0, float& d1, float& d2, float& d3, R a0, R a1, R a2, R a3, R b0, R b1, float c0, \
      float c1, float c2, float c3) {                                                         \
    FkProduct p = {{(uint32_t)a0, (uint32_t)a1, (uint32_t)a2, (uint32_t)a3},                  \
                   {(uint32_t)b0, (uint32_t)b1},                                              \
                   {c0, c1, c2, c3},                                                          \
                   {}};                                                                       \
    fk->warp(&p, ALL);                                                                        \
    d0 = p.d[0], d1 = p.d[1], d2 = p.d[2], d3 = p.d[3];                                       \
  }

FK_MMA(m16n8k16, bf16, (fk_multiply_all<16, fk_decode_bf16>))
FK_MMA(m16n8k16, f16, (fk_multiply_all<16, fk_decode_f16>))
FK_MMA(m16n8k32, e4m3, (fk_multiply_all<8, fk_decode_fp8<__NV_E4M3>>))
FK_MMA(m16n8k32, e5m2, (fk_multiply_all<8, fk_decode_fp8<__NV_E5M2>>))
