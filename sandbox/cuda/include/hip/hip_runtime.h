// HIP by CUDA's names, as hipcc does it for a device of NVIDIA's: a warp has 32 lanes. Every alias begins with `hip`.
#pragma once

#define __HIP_PLATFORM_NVIDIA__ 1

#include "cuda_runtime.h"
#include "hip/hip_api.h"

#define hipThreadIdx_x (threadIdx.x)
#define hipThreadIdx_y (threadIdx.y)
#define hipThreadIdx_z (threadIdx.z)
#define hipBlockIdx_x (blockIdx.x)
#define hipBlockIdx_y (blockIdx.y)
#define hipBlockIdx_z (blockIdx.z)
#define hipBlockDim_x (blockDim.x)
#define hipBlockDim_y (blockDim.y)
#define hipBlockDim_z (blockDim.z)
#define hipGridDim_x (gridDim.x)
#define hipGridDim_y (gridDim.y)
#define hipGridDim_z (gridDim.z)

#define HIP_KERNEL_NAME(...) __VA_ARGS__
#define HIP_SYMBOL(name) name
#define HIP_DYNAMIC_SHARED(type, name) type *name = &::hpcraft_cuda::dynamic_shared<type>();

namespace hpcraft_cuda {

template <class T>
struct Exactly {
    using Type = T;
};
// The parameters are the kernel's own: 0 is a pointer where it takes one. `call` is the kernel as something that can be inlined.
template <class Call, class... Parameters>
inline void launch_hip(
    const Site &site, const Config &config, const Call &call, void (*)(Parameters...), typename Exactly<Parameters>::Type... values) {
    launch(site, config, call, values...);
}

}  // namespace hpcraft_cuda

#define hipLaunchKernelGGL(kernel, grid, block, bytes, stream, ...)                                                  \
    ::hpcraft_cuda::launch_hip(                                                                                      \
        ::hpcraft_cuda::Site{#kernel, __FILE__, __LINE__}, ::hpcraft_cuda::Config(grid, block, bytes, stream),       \
        [=](auto &&...hpcraft_all) { kernel(hpcraft_all...); }, kernel, ##__VA_ARGS__)

struct hipDeviceProp_t : cudaDeviceProp {
    char gcnArchName[256];
};
inline hipError_t hipGetDeviceProperties(hipDeviceProp_t *properties, int device) {
    properties->gcnArchName[0] = 0;
    return cudaGetDeviceProperties(properties, device);
}
template <class T>
inline hipError_t hipHostMalloc(T **pointer, std::size_t bytes, unsigned int flags = 0) {
    return cudaHostAlloc(pointer, bytes, flags);
}
template <class T>
inline T unsafeAtomicAdd(T *at, T value) {
    return atomicAdd(at, value);
}
