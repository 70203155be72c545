// Before the installed Thrust's own file of this name: its device is the C++ backend, which runs on the host. What is given to it may
// lie in device memory, so that programs with Thrust have no host_access faults: the host may touch all memory.
#pragma once

#include "cuda_runtime.h"

#if !defined(THRUST_DEVICE_SYSTEM)
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#endif
#include_next <thrust/detail/config.h>

namespace hpcraft_cuda {

void share_arena();

// Once, before main and after the runtime's own variables.
struct ThrustMemory {
    ThrustMemory() {
        cudaFree(nullptr);
        share_arena();
    }
};
inline const ThrustMemory thrust_memory;

}  // namespace hpcraft_cuda
