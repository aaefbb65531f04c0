// Runs a launch: all blocks one after the other, a block's threads as coroutines of one thread.
#pragma once

#include "module.h"

namespace fk {

// Returns null, or why the launch failed. `order` of threads and blocks: CUDA_ON_CPU_ORDER.
const char* launch(const FkModule& module, const FkKernel& kernel, FkDim grid, FkDim block, void** arguments);

} // namespace fk
