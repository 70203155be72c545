// The parts of the runtime API that are templates: typed pointers, symbols, and kernels by address.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda_runtime_api.h"
#include "hpcraft_cuda/kernel.h"
#include "hpcraft_cuda/texture_functions.h"

template <class T>
inline cudaError_t cudaMalloc(T **pointer, std::size_t size) {
    return cudaMalloc(reinterpret_cast<void **>(pointer), size);
}
template <class T>
inline cudaError_t cudaMallocAsync(T **pointer, std::size_t size, cudaStream_t stream) {
    return cudaMallocAsync(reinterpret_cast<void **>(pointer), size, stream);
}
template <class T>
inline cudaError_t cudaMallocFromPoolAsync(T **pointer, std::size_t size, cudaMemPool_t pool, cudaStream_t stream) {
    return cudaMallocFromPoolAsync(reinterpret_cast<void **>(pointer), size, pool, stream);
}
template <class T>
inline cudaError_t cudaMallocAsync(T **pointer, std::size_t size, cudaMemPool_t pool, cudaStream_t stream) {
    return cudaMallocFromPoolAsync(reinterpret_cast<void **>(pointer), size, pool, stream);
}
inline cudaError_t cudaEventCreate(cudaEvent_t *event, unsigned int flags) { return cudaEventCreateWithFlags(event, flags); }
template <class T>
inline cudaError_t cudaMallocPitch(T **pointer, std::size_t *pitch, std::size_t width, std::size_t height) {
    return cudaMallocPitch(reinterpret_cast<void **>(pointer), pitch, width, height);
}
template <class T>
inline cudaError_t cudaMallocManaged(T **pointer, std::size_t size, unsigned int flags = cudaMemAttachGlobal) {
    return cudaMallocManaged(reinterpret_cast<void **>(pointer), size, flags);
}
template <class T>
inline cudaError_t cudaMallocHost(T **pointer, std::size_t size, unsigned int flags = 0) {
    return cudaHostAlloc(reinterpret_cast<void **>(pointer), size, flags);
}
template <class T>
inline cudaError_t cudaHostAlloc(T **pointer, std::size_t size, unsigned int flags) {
    return cudaHostAlloc(reinterpret_cast<void **>(pointer), size, flags);
}
template <class T>
inline cudaError_t cudaHostGetDevicePointer(T **device, void *host, unsigned int flags) {
    return cudaHostGetDevicePointer(reinterpret_cast<void **>(device), host, flags);
}

template <class T>
inline cudaError_t cudaMemcpyToSymbol(
    const T &symbol, const void *from, std::size_t count, std::size_t offset = 0, cudaMemcpyKind kind = cudaMemcpyHostToDevice) {
    return hpcraft_cuda::copy_symbol(const_cast<void *>(static_cast<const volatile void *>(&symbol)), from, count, offset, sizeof symbol, true, kind);
}
template <class T>
inline cudaError_t cudaMemcpyToSymbolAsync(
    const T &symbol, const void *from, std::size_t count, std::size_t offset = 0, cudaMemcpyKind kind = cudaMemcpyHostToDevice,
    cudaStream_t = nullptr) {
    return cudaMemcpyToSymbol(symbol, from, count, offset, kind);
}
template <class T>
inline cudaError_t cudaMemcpyFromSymbol(
    void *to, const T &symbol, std::size_t count, std::size_t offset = 0, cudaMemcpyKind kind = cudaMemcpyDeviceToHost) {
    return hpcraft_cuda::copy_symbol(to, const_cast<const void *>(static_cast<const volatile void *>(&symbol)), count, offset, sizeof symbol, false, kind);
}
template <class T>
inline cudaError_t cudaMemcpyFromSymbolAsync(
    void *to, const T &symbol, std::size_t count, std::size_t offset = 0, cudaMemcpyKind kind = cudaMemcpyDeviceToHost,
    cudaStream_t = nullptr) {
    return cudaMemcpyFromSymbol(to, symbol, count, offset, kind);
}
template <class T>
inline cudaError_t cudaGetSymbolAddress(void **address, const T &symbol) {
    *address = const_cast<void *>(static_cast<const volatile void *>(&symbol));
    return cudaSuccess;
}
template <class P, class T>
inline cudaError_t cudaGetSymbolAddress(P **address, const T &symbol) {
    return cudaGetSymbolAddress(reinterpret_cast<void **>(address), symbol);
}
template <class T>
inline cudaError_t cudaGetSymbolSize(std::size_t *size, const T &symbol) {
    *size = sizeof symbol;
    return cudaSuccess;
}

template <class T>
inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, T *function) {
    return hpcraft_cuda::function_attributes(attributes, reinterpret_cast<const void *>(function));
}
template <class T>
inline cudaError_t cudaFuncSetAttribute(T *function, cudaFuncAttribute attribute, int value) {
    return hpcraft_cuda::set_function_attribute(reinterpret_cast<const void *>(function), attribute, value);
}
template <class T>
inline cudaError_t cudaFuncSetCacheConfig(T *, cudaFuncCache) {
    return cudaSuccess;
}
template <class T>
inline cudaError_t cudaFuncSetSharedMemConfig(T *, cudaSharedMemConfig) {
    return cudaSuccess;
}
template <class T>
inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, T, int threads, std::size_t dynamic_bytes) {
    return hpcraft_cuda::occupancy(blocks, threads, dynamic_bytes);
}
template <class T>
inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, T, int threads, std::size_t dynamic_bytes, unsigned int) {
    return hpcraft_cuda::occupancy(blocks, threads, dynamic_bytes);
}
template <class T>
inline cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(std::size_t *bytes, T, int blocks, int threads) {
    return hpcraft_cuda::available_shared(bytes, blocks, threads);
}
template <class T, class Bytes>
inline cudaError_t cudaOccupancyMaxPotentialBlockSizeVariableSMem(int *grid, int *block, T, Bytes bytes_of, int limit = 0) {
    int best = 0;
    for (int threads = 1024; threads >= 32; threads -= 32) {
        int blocks = 0;
        if (limit && threads > limit) continue;
        if (const cudaError_t error = hpcraft_cuda::occupancy(&blocks, threads, bytes_of(threads))) return error;
        if (blocks * threads <= best) continue;
        best = blocks * threads;
        *block = threads;
        *grid = blocks;
    }
    int processors = 0;
    cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, 0);
    *grid *= processors;
    return cudaSuccess;
}
template <class T>
inline cudaError_t cudaOccupancyMaxPotentialBlockSize(int *grid, int *block, T function, std::size_t dynamic_bytes = 0, int limit = 0) {
    return cudaOccupancyMaxPotentialBlockSizeVariableSMem(grid, block, function, [=](int) { return dynamic_bytes; }, limit);
}
template <class T>
inline cudaError_t cudaOccupancyMaxPotentialBlockSizeWithFlags(
    int *grid, int *block, T function, std::size_t dynamic_bytes = 0, int limit = 0, unsigned int = 0) {
    return cudaOccupancyMaxPotentialBlockSize(grid, block, function, dynamic_bytes, limit);
}

namespace hpcraft_cuda {

template <class... Values, std::size_t... I>
inline cudaError_t launch_by_address(void (*function)(Values...), Config config, void **values, std::index_sequence<I...>) {
    auto body = [function, copied = std::tuple<std::decay_t<Values>...>(*static_cast<std::decay_t<Values> *>(values[I])...)] {
        std::apply(function, copied);
    };
    auto run = [](void *context) { run_threads(*static_cast<decltype(body) *>(context)); };
    config.function = reinterpret_cast<const void *>(function);
    return launch({"kernel", nullptr, 0}, config, Kernel{run, &body, sizeof body});
}

}  // namespace hpcraft_cuda

template <class... Values>
inline cudaError_t cudaLaunchKernel(
    void (*function)(Values...), dim3 grid, dim3 block, void **values, std::size_t bytes = 0, cudaStream_t stream = nullptr) {
    return hpcraft_cuda::launch_by_address(function, {grid, block, bytes, stream}, values, std::index_sequence_for<Values...>());
}
template <class... Values, class... Given>
inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *given, void (*function)(Values...), Given &&...values) {
    hpcraft_cuda::Config config(given->gridDim, given->blockDim, given->dynamicSmemBytes, given->stream);
    for (unsigned i = 0; i < given->numAttrs; ++i)
        if (given->attrs[i].id == cudaLaunchAttributeCooperative) config.cooperative = given->attrs[i].val.cooperative != 0;
    std::tuple<std::decay_t<Values>...> all(std::forward<Given>(values)...);
    return std::apply(
        [&](auto &...each) {
            void *places[] = {const_cast<void *>(static_cast<const volatile void *>(&each))..., nullptr};
            return hpcraft_cuda::launch_by_address(function, config, places, std::index_sequence_for<Values...>());
        },
        all);
}
template <class... Values>
inline cudaError_t cudaLaunchCooperativeKernel(
    void (*function)(Values...), dim3 grid, dim3 block, void **values, std::size_t bytes = 0, cudaStream_t stream = nullptr) {
    hpcraft_cuda::Config config(grid, block, bytes, stream);
    config.cooperative = true;
    return hpcraft_cuda::launch_by_address(function, config, values, std::index_sequence_for<Values...>());
}
