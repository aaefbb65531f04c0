// What the stand-in claims to see, seen: kernels in CUDA C that are right, and kernels with one
// mistake each, run through the driver's own functions. Exit code 1 where one goes another way.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <functional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

#include "selftest_kernels.h"

extern "C" {
int nvrtcCreateProgram(void**, const char*, const char*, int, const char* const*, const char* const*);
int nvrtcCompileProgram(void*, int, const char* const*);
int nvrtcGetCUBINSize(void*, size_t*);
int nvrtcGetCUBIN(void*, char*);
int nvrtcGetProgramLogSize(void*, size_t*);
int nvrtcGetProgramLog(void*, char*);
}

namespace {

int failures = 0;

void expect(const char* what, bool right) {
  printf("%-72s %s\n", what, right ? "ok" : "WRONG");
  if (!right) failures++;
}

// A kernel of `parameters` and `body`, compiled and loaded; null where it does not compile.
CUfunction kernel(const std::string& parameters, const std::string& body, std::string* text = nullptr) {
  const std::string source =
      "extern \"C\" __global__ void k(" + parameters + ")\n{\n" + body + "\n}\n";
  void* program;
  nvrtcCreateProgram(&program, source.c_str(), "k.cu", 0, nullptr, nullptr);
  if (nvrtcCompileProgram(program, 0, nullptr) != 0) {
    size_t n;
    nvrtcGetProgramLogSize(program, &n);
    std::vector<char> log(n);
    nvrtcGetProgramLog(program, log.data());
    if (text) *text = log.data();
    return nullptr;
  }
  size_t n;
  nvrtcGetCUBINSize(program, &n);
  std::vector<char> image(n);
  nvrtcGetCUBIN(program, image.data());
  CUmodule module;
  CUfunction f;
  if (cuModuleLoadDataEx(&module, image.data(), 0, nullptr, nullptr) != CUDA_SUCCESS) return nullptr;
  return cuModuleGetFunction(&f, module, "k") == CUDA_SUCCESS ? f : nullptr;
}

struct Buffer {
  CUdeviceptr p = 0;
  explicit Buffer(size_t floats) { cuMemAlloc_v2(&p, floats * 4); }
  float* f() const { return (float*)p; } // device memory is this machine's
  ~Buffer() { cuMemFree_v2(p); }
};

CUresult run(CUfunction f, unsigned grid, unsigned block, CUdeviceptr a, CUstream s) {
  void* arguments[] = {&a};
  return cuLaunchKernel(f, grid, 1, 1, block, 1, 1, 0, s, arguments, nullptr);
}

// After a failed launch all others fail, as on a GPU: each mistake has a process of its own.
bool inChild(const std::function<bool()>& body) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stderr)) _exit(2);
    _exit(body() ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool fails(const std::string& body, unsigned block) {
  return inChild([&] {
    CUstream s;
    cuStreamCreate(&s, 0);
    Buffer b(1024);
    CUfunction f = kernel("float *x", body);
    return f && run(f, 1, block, b.p, s) == CUDA_ERROR_LAUNCH_FAILED;
  });
}

void right(CUstream s) {
  Buffer b(1024);
  CUfunction f = kernel("float *x", "int i_0 = blockIdx.x * blockDim.x + threadIdx.x; x[i_0] = 2.0F * i_0;");
  bool all = run(f, 4, 256, b.p, s) == CUDA_SUCCESS;
  for (int i = 0; i < 1024; i++) all &= b.f()[i] == 2.0F * i;
  expect("every thread of every block runs once", all);

  f = kernel("float *x", EXCHANGE);
  all = run(f, 1, 256, b.p, s) == CUDA_SUCCESS;
  for (int i = 0; i < 256; i++) all &= b.f()[i] == 2.0F * (255 - i);
  expect("threads exchange through shared memory and a barrier", all);

  f = kernel("float *x", WARP_SUM);
  all = run(f, 1, 64, b.p, s) == CUDA_SUCCESS;
  expect("a warp's shuffles add up", all && b.f()[0] == 496.0F && b.f()[32] == 1520.0F);

  f = kernel("float *x", TRUNCATE);
  b.f()[0] = 1;
  b.f()[4] = -7.75F;
  all = run(f, 1, 1, b.p, s) == CUDA_SUCCESS;
  expect("a float that does not fit saturates, NaN is 0, others are cut off",
         all && b.f()[1] == 2147483648.0F && b.f()[2] == 0.0F && b.f()[3] == -7.0F);

  Buffer fresh(64);
  f = kernel("float *x", "  x[1] = x[0];");
  all = run(f, 1, 1, fresh.p, s) == CUDA_SUCCESS;
  expect("fresh memory is NaN", all && fresh.f()[1] != fresh.f()[1]);
}

// C = A B with A 16 x 16 and B 16 x 8 of BF16, in the layout of tiles that ldmatrix reads.
void product(CUstream s) {
  CUfunction f = kernel("float *x", PRODUCT);
  Buffer b(512);
  float a[16][16], w[16][8];
  auto* bits = (unsigned short*)b.p;
  const auto put = [](unsigned short* to, float v) { memcpy(to, (char*)&v + 2, 2); };
  for (int i = 0; i < 16; i++)
    for (int k = 0; k < 16; k++) put(bits + 16 * i + k, a[i][k] = (float)(i - 2 * k));
  for (int k = 0; k < 16; k++)
    for (int j = 0; j < 8; j++) put(bits + 256 + 8 * k + j, w[k][j] = (float)(3 * j - k));
  bool all = f && run(f, 1, 32, b.p, s) == CUDA_SUCCESS;
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 8; j++) {
      float sum = 0;
      for (int k = 0; k < 16; k++) sum += a[i][k] * w[k][j];
      all &= b.f()[256 + 8 * i + j] == sum;
    }
  }
  expect("ldmatrix and mma.sync are a matrix product", all);
}

void mistakes() {
  expect("a write beyond a shared array fails the launch",
         fails("__shared__ float a[32]; a[threadIdx.x + 4] = 1.0F; x[threadIdx.x] = a[threadIdx.x];", 32));
  expect("a barrier that not all threads reach fails the launch",
         fails("if (threadIdx.x < 16) { __syncthreads(); } x[threadIdx.x] = 1.0F;", 32));
  expect("threads at different barriers fail the launch",
         fails(TWO_BARRIERS, 32));
  expect("a shuffle that a lane does not reach fails the launch",
         fails(LANE_ELSEWHERE, 32));
  expect("ldmatrix at an address that is not aligned fails the launch", fails(MISALIGNED, 32));
  std::string log;
  expect("an instruction that is not emulated does not compile",
         !kernel("float *x", R"(asm volatile("red.global.add.f32 [%0], %1;" :: "l"(x), "f"(1.0F));)", &log) &&
             log.find("fk_ptx_red_global_add_f32") != std::string::npos);
}

void graphs(CUstream s) {
  Buffer b(32);
  float host = 1;
  CUfunction f = kernel("float *x", "  x[0] = x[0] * 2.0F;");
  cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_GLOBAL);
  cuMemcpyHtoDAsync_v2(b.p, &host, 4, s);
  run(f, 1, 1, b.p, s);
  cuMemcpyDtoHAsync_v2(&host, b.p, 4, s);
  CUgraph graph;
  CUgraphExec exec;
  cuStreamEndCapture(s, &graph);
  const bool untouched = host == 1;
  cuGraphInstantiateWithFlags(&exec, graph, 0);
  for (int i = 0; i < 3; i++) cuGraphLaunch(exec, s);
  cuStreamSynchronize(s);
  expect("a captured graph runs when it is launched, each time", untouched && host == 8);
}

} // namespace

int main() {
  CUstream s;
  cuStreamCreate(&s, 0);
  right(s);
  product(s);
  graphs(s);
  mistakes();
  // The last one has no launch to fail: it is told when a buffer is looked at.
  expect("a write beyond a buffer is told", inChild([] {
           CUstream stream;
           cuStreamCreate(&stream, 0);
           FILE* told = freopen("/dev/null", "w", stdout);
           int ends[2];
           if (!told || pipe(ends) != 0) return false;
           dup2(ends[1], 2);
           Buffer b(32);
           CUfunction f = kernel("float *x", "  x[threadIdx.x] = 1.0F;");
           run(f, 1, 33, b.p, stream);
           fflush(stderr);
           close(ends[1]);
           close(2);
           char text[256] = {};
           return read(ends[0], text, sizeof text - 1) > 0 &&
                  strstr(text, "beyond the end of a buffer of 128 bytes");
         }));
  return failures ? 1 : 0;
}
