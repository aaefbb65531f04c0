// CUDA_ON_CPU_ORDER  forward (default), reverse, or a number: the order in which blocks, warps and
//                    lanes run between two meeting points. A kernel's result must not depend on it;
//                    one that does has a race.
#include "launch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <deque>
#include <numeric>
#include <random>
#include <string>
#include <vector>

// Saves the registers that a callee keeps, and goes on where the other stack stopped.
extern "C" void fk_switch(void** from, void* to);
asm(R"(
.text
.globl fk_switch
.hidden fk_switch
.type fk_switch, @function
fk_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size fk_switch, .-fk_switch
)");

namespace fk {
namespace {

constexpr size_t STACK = 256 << 10, GUARD = 4 << 10;

enum State { READY, WARP, BLOCK, ENDED };

struct Copy {
  void* to;
  const void* from;
  unsigned bytes;
};

struct Fiber {
  char* memory = nullptr;
  void* sp = nullptr;
  FkDim id = {};
  int warp = 0, lane = 0, site = 0;
  State state = READY;
  void* operands = nullptr;
  std::vector<Copy> open;              // copies not yet in a group
  std::deque<std::vector<Copy>> groups; // groups not yet waited for
};

struct Warp {
  std::vector<int> fibers; // in the order in which they run
  void* lanes[32];
  int alive, waiting;
};

std::vector<Fiber> fibers;
std::vector<Warp> warps;
std::vector<int> warpOrder;
Fiber* current;
void* scheduler;
const FkModule* module;
const FkKernel* kernel;
void** arguments;
std::string failure;

void leave(State state) {
  Fiber* self = current;
  self->state = state;
  fk_switch(&self->sp, scheduler);
}

void fault(const char* text) {
  if (failure.empty()) failure = text;
  if (current) leave(ENDED); // never resumed: the block is given up
}

void syncThreads(int site) {
  current->site = site;
  leave(BLOCK);
}

void warpOperation(void* operands, FkWarpFunction all) {
  Warp& warp = warps[current->warp];
  current->operands = operands;
  warp.lanes[current->lane] = operands;
  if (++warp.waiting < warp.alive) {
    leave(WARP);
    return;
  }
  warp.waiting = 0;
  all(warp.lanes);
  memset(warp.lanes, 0, sizeof warp.lanes);
  for (int f : warp.fibers) {
    if (fibers[f].state == WARP) fibers[f].state = READY;
  }
}

void copyAsync(void* to, const void* from, unsigned bytes) { current->open.push_back({to, from, bytes}); }

void commitAsync() {
  current->groups.push_back(std::move(current->open));
  current->open.clear();
}

void waitAsync(unsigned pending) {
  while (current->groups.size() > pending) {
    for (const Copy& c : current->groups.front()) memcpy(c.to, c.from, c.bytes);
    current->groups.pop_front();
  }
}

const FkHost host = {syncThreads, warpOperation, copyAsync, commitAsync, waitAsync, fault};

// ------------------------------------------------------------------------------ fibers
void start() {
  kernel->thread(arguments);
  Warp& warp = warps[current->warp];
  warp.alive--;
  if (warp.waiting > 0) fault("a thread ended while its warp waits for it in a warp instruction");
  leave(ENDED);
  abort();
}

void prepare(Fiber& f) {
  if (!f.memory) {
    f.memory = (char*)mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(f.memory, GUARD, PROT_NONE);
  }
  // As if `start` had been called: after its return address the stack is 8 off a multiple of 16.
  void** top = (void**)(f.memory + STACK - 64);
  *--top = nullptr;
  *--top = (void*)start;
  top -= 6;
  memset(top, 0, 6 * sizeof *top);
  f.sp = top;
  f.state = READY;
  f.open.clear();
  f.groups.clear();
}

// Numbers 0 to n-1 in the chosen order.
std::vector<int> ordered(int n) {
  static const char* order = getenv("CUDA_ON_CPU_ORDER");
  static std::mt19937 random(order ? (unsigned)atoi(order) : 0U);
  std::vector<int> list(n);
  std::iota(list.begin(), list.end(), 0);
  if (!order || !*order || !strcmp(order, "forward")) return list;
  if (!strcmp(order, "reverse")) return {list.rbegin(), list.rend()};
  for (int i = n - 1; i > 0; i--) std::swap(list[i], list[random() % (unsigned)(i + 1)]);
  return list;
}

void layOut(FkDim block) {
  const int threads = (int)(block.x * block.y * block.z), count = (threads + 31) / 32;
  if ((int)fibers.size() < threads) fibers.resize(threads);
  warps.assign(count, {});
  for (int t = 0; t < threads; t++) {
    const unsigned u = (unsigned)t;
    fibers[t].id = {u % block.x, u / block.x % block.y, u / block.x / block.y};
    fibers[t].warp = t / 32;
    fibers[t].lane = t % 32;
  }
  for (int w = 0; w < count; w++) {
    const int lanes = std::min(32, threads - 32 * w);
    for (int lane : ordered(lanes)) warps[w].fibers.push_back(32 * w + lane);
  }
  warpOrder = ordered(count);
}

// Runs each warp until all of its threads wait for the block; true while something ran.
bool round() {
  bool ran = false;
  for (int w : warpOrder) {
    for (bool more = true; more;) {
      more = false;
      for (int f : warps[w].fibers) {
        Fiber& fiber = fibers[f];
        if (fiber.state != READY) continue;
        more = ran = true;
        current = &fiber;
        *module->threadIdx = fiber.id;
        fk_switch(&scheduler, fiber.sp);
        current = nullptr;
        if (!failure.empty()) return false;
      }
    }
  }
  return ran;
}

void runMeeting(int threads) {
  for (Warp& w : warps) {
    w.alive = (int)w.fibers.size();
    w.waiting = 0;
    memset(w.lanes, 0, sizeof w.lanes);
  }
  for (int t = 0; t < threads; t++) prepare(fibers[t]);
  for (;;) {
    while (round()) {
    }
    if (!failure.empty()) return;
    int ended = 0, site = 0;
    for (int t = 0; t < threads; t++) {
      const Fiber& f = fibers[t];
      if (f.state == ENDED) {
        ended++;
      } else if (f.state == WARP) {
        return fault("threads wait in a warp instruction that the others of the warp do not reach");
      } else if (site && f.site != site) {
        return fault("threads of a block wait at different __syncthreads()");
      } else {
        site = f.site;
      }
    }
    if (ended == threads) return;
    if (ended > 0) return fault("__syncthreads() that some threads of the block do not reach");
    for (int t = 0; t < threads; t++) fibers[t].state = READY;
  }
}

void checkGaps() {
  for (unsigned g = 0; g < module->gapCount; g++) {
    for (unsigned i = module->gaps[g].start; i < module->gaps[g].end; i++) {
      if (module->shared[i] != FK_UNWRITTEN) {
        fault("a write beyond the end, or before the start, of an array in shared memory");
        return;
      }
    }
  }
}

} // namespace

const char* launch(const FkModule& m, const FkKernel& k, FkDim grid, FkDim block, void** a) {
  module = &m;
  kernel = &k;
  arguments = a;
  failure.clear();
  *m.host = &host;
  *m.gridDim = grid;
  *m.blockDim = block;
  const int threads = (int)(block.x * block.y * block.z);
  if (threads < 1 || threads > 1024) return "a block of no, or of more than 1024, threads";
  if (m.declaredBytes > 48 << 10) return "more than 48 KiB of shared memory";
  if (!k.block) layOut(block);
  for (int b : ordered((int)(grid.x * grid.y * grid.z))) {
    const unsigned u = (unsigned)b;
    *m.blockIdx = {u % grid.x, u / grid.x % grid.y, u / grid.x / grid.y};
    memset(m.shared, FK_UNWRITTEN, m.sharedBytes);
    if (k.block) {
      k.block(a);
    } else {
      runMeeting(threads);
    }
    checkGaps();
    if (!failure.empty()) return failure.c_str();
  }
  return nullptr;
}

} // namespace fk
