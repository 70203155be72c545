// Allocation by the API.

#include <cstring>
#include <map>
#include <mutex>

#include "cuda_runtime_api.h"
#include "runtime.h"

using namespace hpcraft_cuda;

constexpr std::size_t PITCH = 512;

static cudaError_t allocate(void **pointer, std::size_t size, Memory memory) {
    if (!pointer) return set_error(cudaErrorInvalidValue);
    *pointer = nullptr;
    if (size == 0) return cudaSuccess;
    *pointer = arena_allocate(size, memory);
    return set_error(*pointer ? cudaSuccess : cudaErrorMemoryAllocation);
}

static cudaError_t release(void *pointer, Memory memory) {
    if (!pointer) return cudaSuccess;
    const Freed freed = arena_free(pointer, memory);
    if (freed == Freed::yes) return cudaSuccess;
    if (checker) fault_in_call(Kind::bad_free, freed == Freed::twice ? "memory is freed a second time" : "what is freed was not allocated");
    return set_error(cudaErrorInvalidValue);
}

cudaError_t cudaMalloc(void **pointer, std::size_t size) { return allocate(pointer, size, Memory::device); }
cudaError_t cudaMallocAsync(void **pointer, std::size_t size, cudaStream_t) { return allocate(pointer, size, Memory::device); }
cudaError_t cudaMallocManaged(void **pointer, std::size_t size, unsigned int) {
    if (size == 0) return set_error(cudaErrorInvalidValue);
    return allocate(pointer, size, Memory::managed);
}
cudaError_t cudaMallocHost(void **pointer, std::size_t size) { return allocate(pointer, size, Memory::pinned); }
cudaError_t cudaHostAlloc(void **pointer, std::size_t size, unsigned int) { return allocate(pointer, size, Memory::pinned); }
// A device ends what it does before it gives out or takes back memory, but for the forms that name a stream.
static Memory waited(Memory memory) {
    if (checker) checker->host_waits_for_all();
    return memory;
}

cudaError_t cudaFree(void *pointer) { return release(pointer, waited(Memory::device)); }
cudaError_t cudaFreeAsync(void *pointer, cudaStream_t) { return release(pointer, Memory::device); }
cudaError_t cudaFreeHost(void *pointer) { return release(pointer, waited(Memory::pinned)); }

cudaError_t cudaMallocPitch(void **pointer, std::size_t *pitch, std::size_t width, std::size_t height) {
    if (!pitch) return set_error(cudaErrorInvalidValue);
    *pitch = (width + PITCH - 1) / PITCH * PITCH;
    return allocate(pointer, *pitch * height, Memory::device);
}

cudaError_t cudaMalloc3D(cudaPitchedPtr *pointer, cudaExtent extent) {
    if (!pointer) return set_error(cudaErrorInvalidValue);
    pointer->xsize = extent.width;
    pointer->ysize = extent.height;
    return cudaMallocPitch(&pointer->ptr, &pointer->pitch, extent.width, extent.height * extent.depth);
}

// Registered host memory stays where it is; the device may touch it as anything else here.
namespace {
struct Registered {
    std::mutex guard;
    std::map<const char *, std::size_t> ranges;
};
}  // namespace
static Registered &registered = *new Registered;

cudaError_t cudaHostRegister(void *pointer, std::size_t size, unsigned int) {
    if (!pointer || !size) return set_error(cudaErrorInvalidValue);
    const std::lock_guard lock(registered.guard);
    if (!registered.ranges.emplace(static_cast<const char *>(pointer), size).second) return set_error(cudaErrorHostMemoryAlreadyRegistered);
    return cudaSuccess;
}

cudaError_t cudaHostUnregister(void *pointer) {
    const std::lock_guard lock(registered.guard);
    return set_error(registered.ranges.erase(static_cast<const char *>(pointer)) ? cudaSuccess : cudaErrorHostMemoryNotRegistered);
}

bool hpcraft_cuda::is_registered(const void *at) {
    const std::lock_guard lock(registered.guard);
    auto above = registered.ranges.upper_bound(static_cast<const char *>(at));
    if (above == registered.ranges.begin()) return false;
    --above;
    return at < above->first + above->second;
}

cudaError_t cudaHostGetDevicePointer(void **device, void *host, unsigned int) {
    const Allocation *found = arena_find(host);
    if (!device || !((found && found->memory == Memory::pinned) || is_registered(host))) return set_error(cudaErrorInvalidValue);
    *device = host;
    return cudaSuccess;
}

cudaError_t cudaHostGetFlags(unsigned int *flags, void *host) {
    const Allocation *found = arena_find(host);
    if (!flags || !found || found->memory != Memory::pinned) return set_error(cudaErrorInvalidValue);
    *flags = cudaHostAllocMapped;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t *free, std::size_t *total) {
    if (free) *free = TOTAL_MEMORY - arena_used();
    if (total) *total = TOTAL_MEMORY;
    return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *pointer) {
    if (!attributes) return set_error(cudaErrorInvalidValue);
    *attributes = cudaPointerAttributes{cudaMemoryTypeUnregistered, -2, nullptr, nullptr};
    void *plain = const_cast<void *>(pointer);
    const Allocation *found = arena_find(pointer);
    const bool symbol = find_symbol(pointer) != nullptr;
    if (symbol || (found && !found->freed && found->memory == Memory::device)) *attributes = {cudaMemoryTypeDevice, 0, plain, nullptr};
    else if (found && !found->freed && found->memory == Memory::managed) *attributes = {cudaMemoryTypeManaged, 0, plain, plain};
    else if ((found && !found->freed) || is_registered(pointer)) *attributes = {cudaMemoryTypeHost, 0, plain, plain};
    return cudaSuccess;
}

static cudaError_t managed_only(const void *pointer, std::size_t size) {
    const Allocation *found = arena_find(pointer);
    const Symbol *symbol = find_symbol(pointer);
    const bool managed = (found && !found->freed && found->memory == Memory::managed) || (symbol && symbol->space == Space::managed);
    return set_error(managed && size ? cudaSuccess : cudaErrorInvalidValue);
}
cudaError_t cudaMemAdvise(const void *pointer, std::size_t size, cudaMemoryAdvise, int) { return managed_only(pointer, size); }
cudaError_t cudaMemPrefetchAsync(const void *pointer, std::size_t size, int, cudaStream_t) { return managed_only(pointer, size); }
cudaError_t cudaStreamAttachMemAsync(cudaStream_t, void *pointer, std::size_t, unsigned int) { return managed_only(pointer, 1); }

// Where managed memory is to be is neither kept nor of consequence.
cudaError_t cudaMemRangeGetAttribute(void *to, std::size_t bytes, cudaMemRangeAttribute attribute, const void *pointer, std::size_t size) {
    if (!to || bytes < 4 || managed_only(pointer, size)) return set_error(cudaErrorInvalidValue);
    const int nothing = attribute == cudaMemRangeAttributeReadMostly ? 0 : cudaInvalidDeviceId;
    for (std::size_t at = 0; at + 4 <= bytes; at += 4) std::memcpy(static_cast<char *>(to) + at, &nothing, 4);
    return cudaSuccess;
}
