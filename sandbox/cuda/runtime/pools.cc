// Memory pools: they keep what they are told, and their memory is the device's. Nothing is held back for later, so that what is reserved
// is what is used.

#include <map>
#include <mutex>

#include "cuda_runtime_api.h"
#include "runtime.h"

namespace hpcraft_cuda {

struct Pool {
    std::map<cudaMemPoolAttr, std::uint64_t> numbers;
    std::size_t high = 0;
};

namespace {
std::mutex guard;
Pool &first = *new Pool;
Pool *chosen = &first;
std::map<cudaMemPool_t, bool> &made = *new std::map<cudaMemPool_t, bool>;

bool is_pool(cudaMemPool_t pool) { return pool == &first || made.count(pool); }
bool is_switch(cudaMemPoolAttr attribute) { return attribute <= cudaMemPoolReuseAllowInternalDependencies; }
}  // namespace

}  // namespace hpcraft_cuda

using namespace hpcraft_cuda;

static cudaError_t give(cudaMemPool_t *pool, int device, Pool *which) {
    if (!pool || device != 0) return set_error(pool ? cudaErrorInvalidDevice : cudaErrorInvalidValue);
    *pool = which;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) { return give(pool, device, &first); }
cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *pool, int device) { return give(pool, device, chosen); }
cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t pool) {
    const std::lock_guard lock(guard);
    if (device != 0 || !is_pool(pool)) return set_error(cudaErrorInvalidValue);
    chosen = pool;
    return cudaSuccess;
}
cudaError_t cudaMemPoolCreate(cudaMemPool_t *pool, const cudaMemPoolProps *properties) {
    if (!pool || !properties || properties->location.id != 0) return set_error(cudaErrorInvalidValue);
    if (properties->handleTypes != cudaMemHandleTypeNone) return set_error(cudaErrorNotSupported);
    const std::lock_guard lock(guard);
    made[*pool = new Pool] = true;
    return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
    const std::lock_guard lock(guard);
    if (!made.erase(pool)) return set_error(cudaErrorInvalidValue);
    if (chosen == pool) chosen = &first;
    delete pool;
    return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
    const std::lock_guard lock(guard);
    if (!value || !is_pool(pool)) return set_error(cudaErrorInvalidValue);
    pool->numbers[attribute] = is_switch(attribute) ? static_cast<std::uint64_t>(*static_cast<int *>(value)) : *static_cast<std::uint64_t *>(value);
    return cudaSuccess;
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
    const std::lock_guard lock(guard);
    if (!value || !is_pool(pool)) return set_error(cudaErrorInvalidValue);
    pool->high = std::max(pool->high, arena_used());
    const auto told = pool->numbers.find(attribute);
    if (is_switch(attribute)) *static_cast<int *>(value) = told == pool->numbers.end() ? 1 : static_cast<int>(told->second);
    else if (attribute == cudaMemPoolAttrReleaseThreshold) *static_cast<std::uint64_t *>(value) = told == pool->numbers.end() ? 0 : told->second;
    else if (attribute == cudaMemPoolAttrUsedMemHigh || attribute == cudaMemPoolAttrReservedMemHigh) *static_cast<std::uint64_t *>(value) = pool->high;
    else *static_cast<std::uint64_t *>(value) = arena_used();
    return cudaSuccess;
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t) { return set_error(is_pool(pool) ? cudaSuccess : cudaErrorInvalidValue); }
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t pool, const cudaMemAccessDesc *access, std::size_t count) {
    const bool good = is_pool(pool) && access && count == 1 && access->location.id == 0;
    return set_error(good ? cudaSuccess : cudaErrorInvalidValue);
}
cudaError_t cudaMallocFromPoolAsync(void **pointer, std::size_t size, cudaMemPool_t pool, cudaStream_t stream) {
    return is_pool(pool) ? cudaMallocAsync(pointer, size, stream) : set_error(cudaErrorInvalidValue);
}
