// CUDA C's own names for g++: included before a kernel's source, after which that compiles as C++.
//
// Only what TornadoVM's CUDA backend writes is here. A name that is missing is a compile error,
// never a guess.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <utility>

#include "module.h"

// The toolkit's headers, which come before this one, give some of these another meaning.
#undef __global__
#undef __device__
#undef __host__
#undef __shared__
#undef __constant__
#undef __forceinline__
#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline

static FkDim threadIdx, blockIdx, blockDim, gridDim;
static const FkHost* fk;

// ------------------------------------------------------------------------------ bits and numbers
template <class To, class From>
static inline To fk_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes differ");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

static inline float __int_as_float(int x) { return fk_bits<float>(x); }
static inline int __float_as_int(float x) { return fk_bits<int>(x); }
static inline float __uint_as_float(unsigned x) { return fk_bits<float>(x); }
static inline unsigned __float_as_uint(float x) { return fk_bits<unsigned>(x); }
static inline double __longlong_as_double(long long x) { return fk_bits<double>(x); }
static inline long long __double_as_longlong(double x) { return fk_bits<long long>(x); }

// cvt.rzi saturates, and makes 0 of a NaN where source and target have 32 bits, else the smallest
// number (PTX ISA, "cvt"); x86 makes the smallest number of everything that does not fit.
template <class To, class From>
static inline To fk_truncate(From x) {
  const To least = (To)((To)1 << (sizeof(To) * 8 - 1));
  if (x != x) return sizeof(To) == 4 && sizeof(From) == 4 ? 0 : least;
  const From edge = -(From)least;
  if (x >= edge) return (To)~least;
  if (x <= (From)least) return least;
  return (To)x;
}

static inline float rsqrt(float x) { return 1.0F / sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
static inline int __popc(int x) { return __builtin_popcount((unsigned)x); }
using std::fma;
using std::fmax;
using std::fmin;
using std::isnan;
static inline int min(int x, int y) { return x < y ? x : y; }
static inline int max(int x, int y) { return x > y ? x : y; }

// ------------------------------------------------------------------------------ meeting points
#define __syncthreads() fk->syncThreads(__LINE__)
static inline void __syncwarp(unsigned mask = 0xFFFFFFFFU);
static inline void __threadfence() {}
static inline void __threadfence_block() {}

static inline unsigned fk_linear() {
  return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}

struct FkShuffle {
  uint32_t value, result;
  int argument, width;
  char kind; // 'd'own, 'u'p, 'x'or, 'i'ndex
};

static void fk_shuffle_all(void* const* lanes) {
  for (int lane = 0; lane < 32; lane++) {
    FkShuffle* mine = (FkShuffle*)lanes[lane];
    if (!mine) continue;
    const int first = lane & ~(mine->width - 1), last = first + mine->width - 1;
    int from = lane;
    if (mine->kind == 'd') from = lane + mine->argument;
    if (mine->kind == 'u') from = lane - mine->argument;
    if (mine->kind == 'x') from = lane ^ mine->argument;
    if (mine->kind == 'i') from = first + (mine->argument & (mine->width - 1));
    if (from < first || from > last) from = lane;
    // What a lane that is not there would have given is not defined: a NaN shows.
    mine->result = lanes[from] ? ((FkShuffle*)lanes[from])->value : 0xFFFFFFFFU;
  }
}

template <class T>
static inline T fk_shuffle(unsigned mask, T value, int argument, int width, char kind) {
  if (mask != 0xFFFFFFFFU) fk->fault("a shuffle of a part of a warp is not emulated");
  FkShuffle s = {fk_bits<uint32_t>(value), 0, argument, width, kind};
  fk->warp(&s, fk_shuffle_all);
  return fk_bits<T>(s.result);
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return fk_shuffle(mask, value, (int)delta, width, 'd');
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return fk_shuffle(mask, value, (int)delta, width, 'u');
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32) {
  return fk_shuffle(mask, value, lanes, width, 'x');
}
template <class T>
static inline T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
  return fk_shuffle(mask, value, lane, width, 'i');
}
static inline void __syncwarp(unsigned mask) { fk_shuffle(mask, 0, 0, 32, 'i'); }

// ------------------------------------------------------------------------------ atomics
// Threads of a launch run one at a time, in one thread of the machine.
template <class T, class U>
static inline T atomicAdd(T* p, U x) {
  T old = *p;
  *p = (T)(old + (T)x);
  return old;
}
template <class T, class U>
static inline T atomicSub(T* p, U x) {
  T old = *p;
  *p = (T)(old - (T)x);
  return old;
}
template <class T, class U>
static inline T atomicExch(T* p, U x) {
  T old = *p;
  *p = (T)x;
  return old;
}
template <class T, class U>
static inline T atomicMin(T* p, U x) {
  T old = *p;
  *p = (T)x < old ? (T)x : old;
  return old;
}
template <class T, class U>
static inline T atomicMax(T* p, U x) {
  T old = *p;
  *p = (T)x > old ? (T)x : old;
  return old;
}
template <class T, class U, class V>
static inline T atomicCAS(T* p, U expected, V x) {
  T old = *p;
  if (old == (T)expected) *p = (T)x;
  return old;
}

// ------------------------------------------------------------------------------ entry points
template <class F>
struct FkCall;

template <class... A>
struct FkCall<void (*)(A...)> {
  static constexpr unsigned count = sizeof...(A);
  static inline const unsigned sizes[sizeof...(A) + 1] = {(unsigned)sizeof(A)..., 0};

  template <class T>
  static T argument(void* p) {
    return p ? *(T*)p : T(); // TornadoVM has no value for what CUDA does not use
  }
  template <void (*F)(A...), size_t... I>
  static inline void call(void** p, std::index_sequence<I...>) {
    F(argument<A>(p[I])...);
  }
  template <void (*F)(A...)>
  static void thread(void** p) {
    call<F>(p, std::make_index_sequence<sizeof...(A)>());
  }
  template <void (*F)(A...)>
  static void block(void** p) {
    for (threadIdx.z = 0; threadIdx.z < blockDim.z; threadIdx.z++)
      for (threadIdx.y = 0; threadIdx.y < blockDim.y; threadIdx.y++)
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) thread<F>(p);
  }
};

#define FK_KERNEL(NAME, MEET)                                                          \
  {#NAME, FkCall<decltype(&NAME)>::count, FkCall<decltype(&NAME)>::sizes,              \
   FkCall<decltype(&NAME)>::thread<NAME>, MEET ? nullptr : FkCall<decltype(&NAME)>::block<NAME>}

#define FK_MODULE(SHARED, SHARED_BYTES, DECLARED)                                      \
  extern "C" __attribute__((visibility("default"))) const FkModule* fk_module() {      \
    static const FkModule module = {                                                   \
        &threadIdx,   &blockIdx, &blockDim,                                            \
        &gridDim,     &fk,       SHARED,                                               \
        SHARED_BYTES, DECLARED,  fk_gaps,                                              \
        (unsigned)(sizeof fk_gaps / sizeof fk_gaps[0] - 1),                            \
        fk_kernels,   (unsigned)(sizeof fk_kernels / sizeof fk_kernels[0])};           \
    return &module;                                                                    \
  }
