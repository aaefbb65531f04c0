// A libnvrtc that compiles kernels for this machine, by g++.
//
// CUDA_ON_CPU_CACHE  folder of compiled kernels (default: foretoken-cuda-on-cpu-UID in TMPDIR)
// CUDA_ON_CPU_FLAGS  more flags for g++, such as -ffp-contract=off
// CUDA_ON_CPU_NVRTC  path of the real libnvrtc: every kernel has to pass it too; NVRTC looks for a
//                    library of its own beside it by LD_LIBRARY_PATH
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "module.h"
#include "rewrite.h"

extern char** environ;

namespace {

// Values of nvrtc.h, which a toolkit without NVRTC does not have.
enum { SUCCESS = 0, INVALID_INPUT = 3, COMPILATION = 6 };

struct Program {
  std::string source, name, log, image;
};

std::string variable(const char* name, const std::string& otherwise) {
  const char* value = getenv(name);
  return value && *value ? value : otherwise;
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The folder of this library, where the headers lie too.
std::string home() {
  Dl_info info;
  dladdr((void*)&slurp, &info);
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string cache() {
  const std::string folder = variable(
      "CUDA_ON_CPU_CACHE",
      variable("TMPDIR", "/tmp") + "/foretoken-cuda-on-cpu-" + std::to_string(getuid()));
  mkdir(folder.c_str(), 0700);
  return folder;
}

std::string hash(const std::string& text) { // FNV-1a, 64 bits
  uint64_t h = 0xcbf29ce484222325U;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3U;
  char out[17];
  snprintf(out, sizeof out, "%016llx", (unsigned long long)h);
  return out;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> list;
  for (std::string word; in >> word;) list.push_back(word);
  return list;
}

// What a GPU's compiler does too: fused multiply-adds where the source allows them. What Java and
// the GPU have and C++ does not: integers that wrap. Variables that nothing was written to hold a
// pattern, so that a read of one shows.
std::vector<std::string> command(const std::string& flags) {
  std::vector<std::string> list = words(
      variable("CXX", "g++") +
      " -std=c++17 -O2 -march=native -ffp-contract=fast -fno-math-errno -fwrapv -fno-strict-aliasing"
      " -ftrivial-auto-var-init=pattern -fPIC -shared -fvisibility=hidden -w");
  for (const std::string& flag : words(flags)) list.push_back(flag);
  return list;
}

int run(const std::vector<std::string>& arguments, const std::string& output) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, output.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  // The compiler is a program of its own: it must not load what stands first for the JVM.
  std::vector<char*> environment;
  for (char** e = environ; *e; e++) {
    if (strncmp(*e, "LD_LIBRARY_PATH=", 16) != 0) environment.push_back(*e);
  }
  environment.push_back(nullptr);
  pid_t child;
  const int failed = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed) return 127;
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 126;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

int compile(Program& p) {
  std::string unit;
  try {
    unit = fk::rewrite(p.source);
  } catch (const std::exception& e) {
    p.log = std::string("CUDA on the CPU: not understood: ") + e.what();
    return COMPILATION;
  }
  std::vector<std::string> arguments = command(variable("CUDA_ON_CPU_FLAGS", ""));
  std::string key = unit;
  for (const std::string& a : arguments) key += a + " ";
  for (const char* header : {"module.h", "shim.h", "ptx.h"}) key += slurp(home() + "/" + header);
  arguments.push_back("-I" + home());
  arguments.push_back("-I" + variable("CUDA_PATH", "/usr/local/cuda") + "/include");
  const std::string stem = cache() + "/" + hash(key), library = stem + ".so";
  if (access(library.c_str(), R_OK) != 0) {
    // Under a name of its own until it is whole: several processes may share the folder.
    const std::string mine = stem + "." + std::to_string(getpid());
    std::ofstream(mine + ".cpp", std::ios::binary) << unit;
    for (const std::string& a : {std::string("-o"), mine + ".so", mine + ".cpp"}) arguments.push_back(a);
    const int code = run(arguments, mine + ".log");
    p.log = slurp(mine + ".log");
    if (code != 0) {
      p.log = "CUDA on the CPU: " + arguments[0] + " ended with " + std::to_string(code) + ", see " +
              mine + ".cpp\n" + p.log;
      return COMPILATION;
    }
    unlink((mine + ".log").c_str());
    rename((mine + ".cpp").c_str(), (stem + ".cpp").c_str());
    rename((mine + ".so").c_str(), library.c_str());
  }
  p.image = FK_IMAGE + library;
  p.image.push_back('\0');
  return SUCCESS;
}

// The real compiler's word on the source. Its result is thrown away.
int check(Program& p) {
  static void* real =
      dlopen(variable("CUDA_ON_CPU_NVRTC", "").c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  if (!real) {
    p.log = std::string("CUDA_ON_CPU_NVRTC: ") + dlerror();
    return COMPILATION;
  }
  void* program = nullptr;
  const auto create = (int (*)(void**, const char*, const char*, int, const char* const*, const char* const*))
      dlsym(real, "nvrtcCreateProgram");
  const auto build = (int (*)(void*, int, const char* const*))dlsym(real, "nvrtcCompileProgram");
  const auto size = (int (*)(void*, size_t*))dlsym(real, "nvrtcGetProgramLogSize");
  const auto log = (int (*)(void*, char*))dlsym(real, "nvrtcGetProgramLog");
  const auto destroy = (int (*)(void**))dlsym(real, "nvrtcDestroyProgram");
  const std::string include = "--include-path=" + variable("CUDA_PATH", "/usr/local/cuda") + "/include";
  const char* options[] = {"--gpu-architecture=sm_90", include.c_str()};
  create(&program, p.source.c_str(), p.name.c_str(), 0, nullptr, nullptr);
  const int result = build(program, 2, options);
  if (result != 0) {
    size_t n = 0;
    size(program, &n);
    p.log.resize(n);
    log(program, &p.log[0]);
  }
  destroy(&program);
  return result;
}

std::mutex one; // compilers at a time

} // namespace

#define API extern "C" __attribute__((visibility("default"))) int

API nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return SUCCESS;
}
API nvrtcGetNumSupportedArchs(int* n) {
  *n = 1;
  return SUCCESS;
}
API nvrtcGetSupportedArchs(int* archs) {
  archs[0] = 90;
  return SUCCESS;
}
API nvrtcCreateProgram(
    Program** p, const char* source, const char* name, int, const char* const*, const char* const*) {
  *p = new Program{source, name ? name : "kernel.cu", "", ""};
  return SUCCESS;
}
API nvrtcDestroyProgram(Program** p) {
  delete *p;
  *p = nullptr;
  return SUCCESS;
}
API nvrtcCompileProgram(Program* p, int, const char* const*) {
  std::lock_guard<std::mutex> lock(one);
  if (!variable("CUDA_ON_CPU_NVRTC", "").empty()) {
    const int result = check(*p);
    if (result != SUCCESS) return result;
  }
  return compile(*p);
}
API nvrtcGetProgramLogSize(Program* p, size_t* n) {
  *n = p->log.size() + 1;
  return SUCCESS;
}
API nvrtcGetProgramLog(Program* p, char* log) {
  memcpy(log, p->log.c_str(), p->log.size() + 1);
  return SUCCESS;
}
API nvrtcGetCUBINSize(Program* p, size_t* n) {
  *n = p->image.size();
  return SUCCESS;
}
API nvrtcGetCUBIN(Program* p, char* image) {
  memcpy(image, p->image.data(), p->image.size());
  return SUCCESS;
}
API nvrtcGetPTXSize(Program*, size_t*) { return INVALID_INPUT; }
API nvrtcGetPTX(Program*, char*) { return INVALID_INPUT; }
extern "C" __attribute__((visibility("default"))) const char* nvrtcGetErrorString(int code) {
  return code == SUCCESS ? "NVRTC_SUCCESS" : code == COMPILATION ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR";
}
