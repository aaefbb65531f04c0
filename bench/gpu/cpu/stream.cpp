// Streams, events and graphs.
//
// CUDA_ON_CPU_STREAMS  eager (default): what is put into a stream is done at once. lazy: it is done
//                      when somebody waits for it, as late as the GPU may do it, so that a missing
//                      wait shows as old data.
#include <stdlib.h>
#include <string.h>

#include <deque>
#include <memory>
#include <set>

#include "driver.h"

namespace fk {

struct Event;

struct Op {
  enum Kind { LAUNCH, COPY_IN, COPY_OUT, RECORD, WAIT };
  explicit Op(Kind k) : kind(k) {}

  Kind kind;
  Function function = {};
  FkDim grid = {}, block = {};
  std::vector<std::vector<char>> arguments;
  void* host = nullptr;
  CUdeviceptr device = 0;
  size_t bytes = 0;
  std::vector<char> staged; // host memory that is not pinned is read when the copy is asked for
  bool isStaged = false;
  std::shared_ptr<long> event; // number of its records that have been reached
  long record = 0;
};

struct Graph {
  std::vector<Op> ops;
};

struct Stream {
  std::deque<Op> queue;
  std::shared_ptr<Graph> capture;
  bool origin = false;
};

struct Event {
  std::shared_ptr<long> reached = std::make_shared<long>(0);
  long recorded = 0;
  std::shared_ptr<Graph> capture; // it was recorded in a capture, which waiting streams join
};

namespace {

std::set<Stream*> streams;
CUresult broken = CUDA_SUCCESS; // as on a GPU, a failed kernel fails all that comes after it

bool step(Stream& s);

// Runs what stands before record number `record` of the event, wherever that is.
void reach(const std::shared_ptr<long>& event, long record) {
  while (*event < record) {
    bool moved = false;
    for (Stream* s : streams) {
      for (const Op& op : s->queue) {
        if (op.kind == Op::RECORD && op.event == event && op.record <= record) {
          moved = step(*s);
          break;
        }
      }
      if (moved) break;
    }
    if (!moved) return;
  }
}

void execute(Op& op) {
  if (op.kind == Op::RECORD) {
    *op.event = op.record;
  } else if (op.kind == Op::WAIT) {
    reach(op.event, op.record);
  } else if (broken != CUDA_SUCCESS) {
    return;
  } else if (op.kind == Op::LAUNCH) {
    broken = run(op.function, op.grid, op.block, op.arguments);
  } else if (!onDevice(op.device, op.bytes, "a copy")) {
    broken = CUDA_ERROR_ILLEGAL_ADDRESS;
  } else if (op.kind == Op::COPY_IN) {
    log("COPY IN %zu", op.bytes);
    memcpy((void*)op.device, op.isStaged ? op.staged.data() : op.host, op.bytes);
  } else {
    log("COPY OUT %zu", op.bytes);
    memcpy(op.host, (void*)op.device, op.bytes);
  }
}

bool step(Stream& s) {
  if (s.queue.empty()) return false;
  Op op = std::move(s.queue.front());
  s.queue.pop_front();
  execute(op);
  return true;
}

void drain(Stream& s) {
  while (step(s)) {
  }
}

CUresult submit(Stream& s, Op op) {
  if (s.capture) {
    s.capture->ops.push_back(std::move(op));
    return CUDA_SUCCESS;
  }
  if (!lazy()) {
    execute(op);
    return broken;
  }
  const bool copy = op.kind == Op::COPY_IN || op.kind == Op::COPY_OUT;
  const bool pageable = copy && !pinned(op.host, op.bytes);
  if (pageable && op.kind == Op::COPY_IN) {
    op.staged.assign((char*)op.host, (char*)op.host + op.bytes);
    op.isStaged = true;
  }
  const bool now = pageable && op.kind == Op::COPY_OUT; // returns when it is done
  s.queue.push_back(std::move(op));
  if (now) drain(s);
  return broken;
}

Stream* of(CUstream s) { return (Stream*)s; }

} // namespace

bool lazy() {
  static const char* mode = getenv("CUDA_ON_CPU_STREAMS");
  return mode && !strcmp(mode, "lazy");
}

void drainAll() {
  for (Stream* s : streams) drain(*s);
}

} // namespace fk

using namespace fk;
#define API extern "C" __attribute__((visibility("default"))) CUresult
#define LOCK std::lock_guard<std::recursive_mutex> guard(lock)

// ------------------------------------------------------------------------------ streams
API cuStreamCreate(CUstream* s, unsigned) {
  LOCK;
  Stream* stream = new Stream;
  streams.insert(stream);
  *s = (CUstream)stream;
  return CUDA_SUCCESS;
}
API cuStreamCreateWithPriority(CUstream* s, unsigned flags, int) { return cuStreamCreate(s, flags); }
API cuStreamDestroy_v2(CUstream s) {
  LOCK;
  drain(*of(s));
  streams.erase(of(s));
  delete of(s);
  return CUDA_SUCCESS;
}
API cuStreamSynchronize(CUstream s) {
  LOCK;
  if (of(s)->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  drain(*of(s));
  return broken;
}
API cuCtxSynchronize(void) {
  LOCK;
  drainAll();
  return broken;
}

API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream s) {
  LOCK;
  Op op(Op::COPY_IN);
  op.device = to, op.host = (void*)from, op.bytes = bytes;
  return submit(*of(s), std::move(op));
}
API cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream s) {
  LOCK;
  Op op(Op::COPY_OUT);
  op.device = from, op.host = to, op.bytes = bytes;
  return submit(*of(s), std::move(op));
}

API cuLaunchKernel(
    CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
    unsigned sharedBytes, CUstream s, void** parameters, void** extra) {
  LOCK;
  if (sharedBytes || extra) return CUDA_ERROR_INVALID_VALUE; // TornadoVM uses neither
  Op op(Op::LAUNCH);
  op.function = *(Function*)f;
  op.grid = {gx, gy, gz};
  op.block = {bx, by, bz};
  const FkKernel* kernel = op.function.kernel;
  for (unsigned i = 0; i < kernel->parameters; i++) {
    const char* p = (const char*)parameters[i];
    op.arguments.emplace_back(p, p ? p + kernel->sizes[i] : p);
  }
  return submit(*of(s), std::move(op));
}

// ------------------------------------------------------------------------------ events
API cuEventCreate(CUevent* e, unsigned) {
  LOCK;
  *e = (CUevent) new Event;
  return CUDA_SUCCESS;
}
API cuEventDestroy_v2(CUevent e) {
  LOCK;
  delete (Event*)e;
  return CUDA_SUCCESS;
}
API cuEventRecord(CUevent e, CUstream s) {
  LOCK;
  Event* event = (Event*)e;
  event->capture = of(s)->capture;
  if (event->capture) return CUDA_SUCCESS; // an edge of the graph: its launches stay in order
  Op op(Op::RECORD);
  op.event = event->reached;
  op.record = ++event->recorded;
  submit(*of(s), std::move(op));
  return CUDA_SUCCESS;
}
API cuStreamWaitEvent(CUstream s, CUevent e, unsigned) {
  LOCK;
  Event* event = (Event*)e;
  Stream* stream = of(s);
  if (event->capture) {
    if (!stream->capture) stream->capture = event->capture; // joins the capture
    return stream->capture == event->capture ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_MERGE;
  }
  if (stream->capture) {
    return event->recorded == 0 ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  Op op(Op::WAIT);
  op.event = event->reached;
  op.record = event->recorded;
  submit(*stream, std::move(op));
  return CUDA_SUCCESS;
}
API cuEventSynchronize(CUevent e) {
  LOCK;
  Event* event = (Event*)e;
  if (event->capture) return CUDA_ERROR_CAPTURED_EVENT;
  reach(event->reached, event->recorded);
  return broken;
}
API cuEventQuery(CUevent e) { return cuEventSynchronize(e); }
API cuEventElapsedTime_v2(float* ms, CUevent, CUevent) {
  *ms = 0.001F; // nothing here says how long a GPU would take
  return CUDA_SUCCESS;
}
API cuEventElapsedTime(float* ms, CUevent a, CUevent b) { return cuEventElapsedTime_v2(ms, a, b); }

// ------------------------------------------------------------------------------ graphs
API cuStreamBeginCapture_v2(CUstream s, CUstreamCaptureMode) {
  LOCK;
  if (of(s)->capture) return CUDA_ERROR_ILLEGAL_STATE;
  of(s)->capture = std::make_shared<Graph>();
  of(s)->origin = true;
  return CUDA_SUCCESS;
}
API cuStreamIsCapturing(CUstream s, CUstreamCaptureStatus* status) {
  LOCK;
  *status = of(s)->capture ? CU_STREAM_CAPTURE_STATUS_ACTIVE : CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}
API cuStreamEndCapture(CUstream s, CUgraph* g) {
  LOCK;
  const std::shared_ptr<Graph> graph = of(s)->capture;
  if (!graph || !of(s)->origin) return CUDA_ERROR_ILLEGAL_STATE;
  for (Stream* each : streams) {
    if (each->capture == graph) each->capture = nullptr, each->origin = false;
  }
  log("GRAPH of %zu operations", graph->ops.size());
  *g = (CUgraph) new Graph(*graph);
  return CUDA_SUCCESS;
}
API cuGraphInstantiateWithFlags(CUgraphExec* e, CUgraph g, unsigned long long) {
  LOCK;
  *e = (CUgraphExec) new Graph(*(Graph*)g);
  return CUDA_SUCCESS;
}
// As the driver: the same kinds in the same order, or the caller has to instantiate it again.
API cuGraphExecUpdate_v2(CUgraphExec e, CUgraph g, CUgraphExecUpdateResultInfo* info) {
  LOCK;
  Graph *old = (Graph*)e, *now = (Graph*)g;
  bool same = old->ops.size() == now->ops.size();
  for (size_t i = 0; same && i < now->ops.size(); i++) same = old->ops[i].kind == now->ops[i].kind;
  info->result = same ? CU_GRAPH_EXEC_UPDATE_SUCCESS : CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  if (!same) return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
  *old = *now;
  return CUDA_SUCCESS;
}
API cuGraphLaunch(CUgraphExec e, CUstream s) {
  LOCK;
  const Graph* graph = (Graph*)e;
  log("GRAPH LAUNCH %zu operations", graph->ops.size());
  for (const Op& op : graph->ops) {
    const CUresult result = submit(*of(s), op);
    if (result != CUDA_SUCCESS) return result;
  }
  return CUDA_SUCCESS;
}
API cuGraphExecDestroy(CUgraphExec e) {
  LOCK;
  drainAll();
  delete (Graph*)e;
  return CUDA_SUCCESS;
}
API cuGraphDestroy(CUgraph g) {
  LOCK;
  delete (Graph*)g;
  return CUDA_SUCCESS;
}
