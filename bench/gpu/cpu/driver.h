// What driver.cpp and stream.cpp share.
#pragma once

#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

#include <mutex>
#include <vector>

#include "module.h"

namespace fk {

struct Module {
  void* library;
  const FkModule* description;
};

struct Function {
  Module* module;
  const FkKernel* kernel;
};

struct Op; // of a stream; in stream.cpp

extern std::recursive_mutex lock; // one call at a time: TornadoVM has several threads

CUresult run(const Function& f, FkDim grid, FkDim block, std::vector<std::vector<char>>& arguments);
bool pinned(const void* p, size_t bytes);
bool onDevice(CUdeviceptr p, size_t bytes, const char* what);
void drainAll();
bool lazy();
void log(const char* format, ...) __attribute__((format(printf, 1, 2)));

} // namespace fk
