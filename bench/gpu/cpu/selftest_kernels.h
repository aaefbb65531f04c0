#pragma once

// Kernels of selftest.cpp that are written as TornadoVM writes them.

// x: 16 x 16 and 16 x 8 of BF16, then their product, 16 x 8 of FP32.
static const char* const PRODUCT = R"(
  __shared__ int a[128];
  __shared__ int b[64];
  unsigned l = threadIdx.x & 31u, at;
  int *in = (int *) x;
  for (int i = l; i < 128; i += 32) a[i] = in[i];
  for (int i = l; i < 64; i += 32) b[i] = in[128 + i];
  __syncthreads();
  unsigned ra[4];
  unsigned rb[2];
  float d[4];
  asm volatile("{ .reg .u64 u; cvta.to.shared.u64 u, %1; cvt.u32.u64 %0, u; }" : "=r"(at)
      : "l"((const char *) a + (((l >> 3 & 1u) << 3) + (l & 7u)) * 32u + (l >> 4) * 16u));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
      : "=r"(ra[0]), "=r"(ra[1]), "=r"(ra[2]), "=r"(ra[3]) : "r"(at));
  asm volatile("{ .reg .u64 u; cvta.to.shared.u64 u, %1; cvt.u32.u64 %0, u; }" : "=r"(at)
      : "l"((const char *) b + (l & 15u) * 16u));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
      : "=r"(rb[0]), "=r"(rb[1]) : "r"(at));
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
      : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
      : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]),
        "f"(0.0F), "f"(0.0F), "f"(0.0F), "f"(0.0F));
  for (int i = 0; i < 4; i++) x[256 + ((l >> 2) + 8 * (i >> 1)) * 8 + 2 * (l & 3u) + (i & 1)] = d[i];
)";

// ldmatrix at an address that is no multiple of 16 bytes.
static const char* const MISALIGNED = R"(
  __shared__ int a[64];
  unsigned ra[4], at;
  a[threadIdx.x] = 0;
  asm volatile("{ .reg .u64 u; cvta.to.shared.u64 u, %1; cvt.u32.u64 %0, u; }" : "=r"(at)
      : "l"(a + 1));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
      : "=r"(ra[0]), "=r"(ra[1]), "=r"(ra[2]), "=r"(ra[3]) : "r"(at));
  x[threadIdx.x] = ra[0];
)";

static const char* const EXCHANGE = R"(
  __shared__ float a[256];
  a[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = a[255 - threadIdx.x];
)";

static const char* const WARP_SUM = R"(
  float f_0 = threadIdx.x;
  for (int d = 16; d > 0; d >>= 1) f_0 += __shfl_down_sync(0xffffffff, f_0, d);
  x[threadIdx.x] = f_0;
)";

// x[0] = 1 and x[4] = -7.75: a number that does not fit, a NaN, one that is cut off.
static const char* const TRUNCATE = R"(
  float f_0 = 3e9F, f_1 = x[0] / 0.0F, f_2 = x[4];
  f_1 = f_1 - f_1;
  x[1] = (float)((int) f_0);
  x[2] = (float)((int) f_1);
  x[3] = (float)((int) f_2);
)";

static const char* const TWO_BARRIERS = R"(
  if (threadIdx.x < 16) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  x[threadIdx.x] = 1.0F;
)";

static const char* const LANE_ELSEWHERE = R"(
  if (threadIdx.x != 3) {
    x[threadIdx.x] = __shfl_xor_sync(0xffffffff, 1.0F, 1);
  } else {
    __syncthreads();
  }
)";
