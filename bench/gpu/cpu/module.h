// What a compiled module and the driver tell each other.
//
// nvrtc.cpp makes a shared object of each CUDA C source; driver.cpp loads it and asks for its
// description. Both sides include this file, so it has plain structs and no symbols to link.
#pragma once

#include <stdint.h>

struct FkDim {
  unsigned x, y, z;
};

// One lane's operands of a warp instruction, and the function that carries it out for all lanes.
// `lanes` has 32 entries; null where there is no such thread, or it has ended.
typedef void (*FkWarpFunction)(void* const* lanes);

// The driver's services for code that runs inside a kernel.
struct FkHost {
  void (*syncThreads)(int site);                    // __syncthreads(); site tells calls apart
  void (*warp)(void* operands, FkWarpFunction all); // waits for the warp, then `all` has run
  void (*copyAsync)(void* to, const void* from, unsigned bytes);
  void (*commitAsync)(void);
  void (*waitAsync)(unsigned groups);
  void (*fault)(const char* text); // the launch fails with this text
};

struct FkKernel {
  const char* name;
  unsigned parameters;
  const unsigned* sizes;            // of each parameter, in bytes
  void (*thread)(void** arguments); // one thread, from its start to its end
  void (*block)(void** arguments);  // all threads of a block in a loop; null where threads meet
};

// A gap between arrays of shared memory, which nothing may write to.
struct FkGap {
  unsigned start, end;
};

struct FkModule {
  FkDim *threadIdx, *blockIdx, *blockDim, *gridDim;
  const FkHost** host;
  unsigned char* shared;
  unsigned sharedBytes; // with the gaps
  unsigned declaredBytes;
  const FkGap* gaps;
  unsigned gapCount;
  const FkKernel* kernels;
  unsigned kernelCount;
};

// Nothing has been written here: a NaN as FP32, BF16, FP16, E4M3 and E5M2.
enum { FK_UNWRITTEN = 0xFF };

#define FK_ENTRY "fk_module"
#define FK_IMAGE "foretoken-cuda-on-cpu " // a module's image is this and the shared object's path
