// CUDA C of the kind that TornadoVM writes, made into C++ for shim.h.
#pragma once

#include <string>

namespace fk {

// Returns the whole translation unit. Throws std::runtime_error, with one line for the compiler's
// log, on what is not understood: nothing is passed on in the hope that it means the same.
std::string rewrite(const std::string& source);

} // namespace fk
