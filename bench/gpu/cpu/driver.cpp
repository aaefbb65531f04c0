// A libcuda that runs kernels on this machine's CPU: memory, modules, launches.
//
// CUDA_ON_CPU_LOG  file to which each launch and each thing that looks wrong is written
#include "driver.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <map>
#include <string>

#include "launch.h"

namespace fk {

std::recursive_mutex lock;

void log(const char* format, ...) {
  static const char* path = getenv("CUDA_ON_CPU_LOG");
  static FILE* file = path && *path ? fopen(path, "a") : nullptr;
  if (!file) return;
  va_list list;
  va_start(list, format);
  vfprintf(file, format, list);
  va_end(list);
  fputc('\n', file);
  fflush(file);
}

namespace {

// What goes wrong in a kernel is also said here: TornadoVM reports a failed launch by a number.
void complain(const char* format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  fprintf(stderr, "[cuda-on-cpu] %s\n", text);
  log("WRONG %s", text);
}

// ------------------------------------------------------------------------------ memory
// On both sides of a buffer lies a guard that nothing may write to, and that reads as NaN.
constexpr size_t GUARD = 4096;

struct Buffer {
  size_t bytes;
  bool told;
};

std::map<CUdeviceptr, Buffer> buffers;
std::map<const char*, size_t> pins;

const Buffer* bufferOf(CUdeviceptr p, CUdeviceptr* start) {
  auto next = buffers.upper_bound(p);
  if (next == buffers.begin()) return nullptr;
  --next;
  *start = next->first;
  return p < next->first + next->second.bytes ? &next->second : nullptr;
}

void checkGuards(CUdeviceptr start, Buffer& buffer, const char* when) {
  if (buffer.told) return;
  const unsigned char* before = (const unsigned char*)start - GUARD;
  const unsigned char* after = (const unsigned char*)start + buffer.bytes;
  for (size_t i = 0; i < GUARD; i++) {
    const bool early = before[GUARD - 1 - i] != FK_UNWRITTEN;
    if (early || after[i] != FK_UNWRITTEN) {
      complain("%s: a write %zu bytes %s of a buffer of %zu bytes", when, early ? i + 1 : i,
               early ? "before the start" : "beyond the end", buffer.bytes);
      buffer.told = true;
      return;
    }
  }
}

} // namespace

bool pinned(const void* p, size_t bytes) {
  auto next = pins.upper_bound((const char*)p);
  if (next == pins.begin()) return false;
  --next;
  return (const char*)p + bytes <= next->first + next->second;
}

bool onDevice(CUdeviceptr p, size_t bytes, const char* what) {
  CUdeviceptr start;
  const Buffer* buffer = bufferOf(p, &start);
  if (buffer && p + bytes <= start + buffer->bytes) return true;
  complain("%s: %zu bytes at %llx are not inside a buffer", what, bytes, (unsigned long long)p);
  return false;
}

CUresult run(const Function& f, FkDim grid, FkDim block, std::vector<std::vector<char>>& arguments) {
  std::vector<void*> pointers;
  for (auto& a : arguments) pointers.push_back(a.empty() ? nullptr : a.data());
  log("LAUNCH %s grid %u %u %u block %u %u %u", f.kernel->name, grid.x, grid.y, grid.z, block.x, block.y,
      block.z);
  const char* wrong = launch(*f.module->description, *f.kernel, grid, block, pointers.data());
  if (wrong) {
    complain("%s: %s", f.kernel->name, wrong);
    return CUDA_ERROR_LAUNCH_FAILED;
  }
  for (auto& a : arguments) { // the buffers that it was given
    CUdeviceptr p;
    if (a.size() != sizeof p) continue;
    memcpy(&p, a.data(), sizeof p);
    auto found = buffers.find(p);
    if (found != buffers.end()) checkGuards(p, found->second, f.kernel->name);
  }
  return CUDA_SUCCESS;
}

} // namespace fk

using namespace fk;
#define API extern "C" __attribute__((visibility("default"))) CUresult
#define LOCK std::lock_guard<std::recursive_mutex> guard(lock)

API cuMemAlloc_v2(CUdeviceptr* p, size_t bytes) {
  LOCK;
  char* memory = (char*)aligned_alloc(256, (bytes + 2 * GUARD + 255) / 256 * 256);
  if (!memory) return CUDA_ERROR_OUT_OF_MEMORY;
  memset(memory, FK_UNWRITTEN, bytes + 2 * GUARD);
  *p = (CUdeviceptr)(memory + GUARD);
  buffers[*p] = {bytes, false};
  return CUDA_SUCCESS;
}

API cuMemFree_v2(CUdeviceptr p) {
  LOCK;
  drainAll();
  auto found = buffers.find(p);
  if (found == buffers.end()) return CUDA_ERROR_INVALID_VALUE;
  checkGuards(p, found->second, "cuMemFree");
  buffers.erase(found);
  free((char*)p - GUARD);
  return CUDA_SUCCESS;
}

API cuMemAllocHost_v2(void** p, size_t bytes) {
  LOCK;
  *p = malloc(bytes ? bytes : 1);
  pins[(const char*)*p] = bytes;
  return CUDA_SUCCESS;
}

API cuMemFreeHost(void* p) {
  LOCK;
  drainAll();
  pins.erase((const char*)p);
  free(p);
  return CUDA_SUCCESS;
}

API cuMemHostRegister_v2(void* p, size_t bytes, unsigned) {
  LOCK;
  pins[(const char*)p] = bytes;
  return CUDA_SUCCESS;
}

API cuMemHostUnregister(void* p) {
  LOCK;
  drainAll();
  pins.erase((const char*)p);
  return CUDA_SUCCESS;
}

API cuMemGetInfo_v2(size_t* unused, size_t* total) {
  *unused = (size_t)15 << 30;
  *total = (size_t)16 << 30;
  return CUDA_SUCCESS;
}

API cuMemsetD8_v2(CUdeviceptr p, unsigned char value, size_t bytes) {
  LOCK;
  if (!onDevice(p, bytes, "cuMemsetD8")) return CUDA_ERROR_INVALID_VALUE;
  memset((void*)p, value, bytes);
  return CUDA_SUCCESS;
}

API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  LOCK;
  if (!onDevice(to, bytes, "cuMemcpyDtoD") || !onDevice(from, bytes, "cuMemcpyDtoD")) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  memmove((void*)to, (void*)from, bytes);
  return CUDA_SUCCESS;
}

// ------------------------------------------------------------------------------ modules
API cuModuleLoadDataEx(CUmodule* m, const void* image, unsigned, CUjit_option*, void**) {
  LOCK;
  const size_t n = strlen(FK_IMAGE);
  if (strncmp((const char*)image, FK_IMAGE, n) != 0) return CUDA_ERROR_NO_BINARY_FOR_GPU; // PTX, SASS
  void* library = dlopen((const char*)image + n, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    complain("%s", dlerror());
    return CUDA_ERROR_INVALID_IMAGE;
  }
  const auto entry = (const FkModule* (*)())dlsym(library, FK_ENTRY);
  *m = (CUmodule) new Module{library, entry()};
  return CUDA_SUCCESS;
}

API cuModuleLoadData(CUmodule* m, const void* image) {
  return cuModuleLoadDataEx(m, image, 0, nullptr, nullptr);
}

// Modules stay: a stream or a graph may still have their kernels.
API cuModuleUnload(CUmodule) { return CUDA_SUCCESS; }

API cuModuleGetFunction(CUfunction* f, CUmodule m, const char* name) {
  LOCK;
  Module* module = (Module*)m;
  for (unsigned i = 0; i < module->description->kernelCount; i++) {
    const FkKernel* kernel = &module->description->kernels[i];
    if (!strcmp(kernel->name, name)) {
      *f = (CUfunction) new Function{module, kernel};
      return CUDA_SUCCESS;
    }
  }
  return CUDA_ERROR_NOT_FOUND;
}

API cuFuncSetAttribute(CUfunction, CUfunction_attribute, int) { return CUDA_SUCCESS; }

API cuFuncGetAttribute(int* value, CUfunction_attribute a, CUfunction f) {
  const FkModule* m = ((Function*)f)->module->description;
  *value = a == CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES ? (int)m->declaredBytes : 0;
  return CUDA_SUCCESS;
}

API cuOccupancyMaxPotentialBlockSize(int* grid, int* block, CUfunction, CUoccupancyB2DSize, size_t, int) {
  *grid = 132;
  *block = 1024;
  return CUDA_SUCCESS;
}
