// Copies and fills by the API. Both ends of every row are looked up, as a device with unified addresses does.

#include <cstring>

#include "cuda_runtime_api.h"
#include "runtime.h"

using namespace hpcraft_cuda;

namespace {

enum class Side { host, device, either, wrong };

// Where `size` bytes at an address lie; `wrong` when they leave their allocation.
Side side_of(const void *at, std::size_t size) {
    const char *begin = static_cast<const char *>(at);
    if (const Allocation *found = arena_find(at)) {
        if (found->freed || begin < found->begin || begin + size > found->begin + found->size) return Side::wrong;
        return found->memory == Memory::device ? Side::device : Side::either;
    }
    if (const Symbol *symbol = find_symbol(at))
        return begin + size > static_cast<const char *>(symbol->address) + symbol->size ? Side::wrong : Side::either;
    return is_registered(at) ? Side::either : Side::host;
}

bool fits(Side side, bool device) { return side == Side::either || side == (device ? Side::device : Side::host); }

cudaError_t refusal(Side to, Side from, cudaMemcpyKind kind) {
    if (to == Side::wrong || from == Side::wrong) return cudaErrorInvalidValue;
    switch (kind) {
    case cudaMemcpyDefault: return cudaSuccess;
    case cudaMemcpyHostToHost: return fits(to, false) && fits(from, false) ? cudaSuccess : cudaErrorInvalidValue;
    case cudaMemcpyHostToDevice: return fits(to, true) && fits(from, false) ? cudaSuccess : cudaErrorInvalidValue;
    case cudaMemcpyDeviceToHost: return fits(to, false) && fits(from, true) ? cudaSuccess : cudaErrorInvalidValue;
    case cudaMemcpyDeviceToDevice: return fits(to, true) && fits(from, true) ? cudaSuccess : cudaErrorInvalidValue;
    }
    return cudaErrorInvalidMemcpyDirection;
}

void tell(void *to, const void *from, Side target, Side source, std::size_t size) {
    if (!checker) return;
    if (target != Side::host && source != Side::host) checker->api_copies(to, from, size);
    else if (target != Side::host) checker->api_writes(to, size);
    else if (source != Side::host) checker->api_reads(from, size);
}

struct Rows {
    std::size_t width, height, depth = 1, to_pitch = 0, from_pitch = 0, to_slice = 0, from_slice = 0;
};

cudaError_t copy(void *to, const void *from, const Rows &rows, cudaMemcpyKind kind) {
    if (!rows.width || !rows.height || !rows.depth) return cudaSuccess;
    if (!to || !from) return set_error(cudaErrorInvalidValue);
    const std::size_t last_to = (rows.depth - 1) * rows.to_slice + (rows.height - 1) * rows.to_pitch + rows.width;
    const std::size_t last_from = (rows.depth - 1) * rows.from_slice + (rows.height - 1) * rows.from_pitch + rows.width;
    const Side target = side_of(to, last_to), source = side_of(from, last_from);
    if (const cudaError_t refused = refusal(target, source, kind)) return set_error(refused);
    const Opened opened(to, from);
    for (std::size_t z = 0; z < rows.depth; ++z) {
        for (std::size_t y = 0; y < rows.height; ++y) {
            char *row = static_cast<char *>(to) + z * rows.to_slice + y * rows.to_pitch;
            const char *other = static_cast<const char *>(from) + z * rows.from_slice + y * rows.from_pitch;
            tell(row, other, target, source, rows.width);
            std::memmove(row, other, rows.width);
        }
    }
    return cudaSuccess;
}

cudaError_t fill(void *pointer, std::size_t pitch, int value, std::size_t width, std::size_t height, std::size_t slice = 0, std::size_t depth = 1) {
    if (!width || !height || !depth) return cudaSuccess;
    const Side side = side_of(pointer, (depth - 1) * slice + (height - 1) * pitch + width);
    if (!pointer || side == Side::wrong || side == Side::host) return set_error(cudaErrorInvalidValue);
    const Opened opened(pointer);
    for (std::size_t z = 0; z < depth; ++z) {
        for (std::size_t y = 0; y < height; ++y) {
            char *row = static_cast<char *>(pointer) + z * slice + y * pitch;
            if (checker) checker->api_writes(row, width);
            std::memset(row, value, width);
        }
    }
    return cudaSuccess;
}

}  // namespace

cudaError_t cudaMemcpy(void *to, const void *from, std::size_t size, cudaMemcpyKind kind) { return copy(to, from, {size, 1}, kind); }
cudaError_t cudaMemcpyAsync(void *to, const void *from, std::size_t size, cudaMemcpyKind kind, cudaStream_t) {
    return copy(to, from, {size, 1}, kind);
}
cudaError_t cudaMemcpyPeer(void *to, int, const void *from, int, std::size_t size) { return copy(to, from, {size, 1}, cudaMemcpyDeviceToDevice); }
cudaError_t cudaMemcpyPeerAsync(void *to, int, const void *from, int, std::size_t size, cudaStream_t) {
    return copy(to, from, {size, 1}, cudaMemcpyDeviceToDevice);
}

cudaError_t cudaMemcpy2D(
    void *to, std::size_t to_pitch, const void *from, std::size_t from_pitch, std::size_t width, std::size_t height, cudaMemcpyKind kind) {
    if (to_pitch < width || from_pitch < width) return set_error(cudaErrorInvalidPitchValue);
    return copy(to, from, {width, height, 1, to_pitch, from_pitch}, kind);
}
cudaError_t cudaMemcpy2DAsync(
    void *to, std::size_t to_pitch, const void *from, std::size_t from_pitch, std::size_t width, std::size_t height, cudaMemcpyKind kind,
    cudaStream_t) {
    return cudaMemcpy2D(to, to_pitch, from, from_pitch, width, height, kind);
}

cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *p) {
    if (!p) return set_error(cudaErrorInvalidValue);
    if (p->srcArray || p->dstArray) {
        cudaMemcpy3DParms plain;
        if (const cudaError_t refused = plain_copy(*p, plain)) return set_error(refused);
        return cudaMemcpy3D(&plain);
    }
    const cudaPitchedPtr &to = p->dstPtr, &from = p->srcPtr;
    const std::size_t to_slice = to.pitch * to.ysize, from_slice = from.pitch * from.ysize;
    if (to.pitch < p->extent.width || from.pitch < p->extent.width) return set_error(cudaErrorInvalidPitchValue);
    char *target = static_cast<char *>(to.ptr) + p->dstPos.z * to_slice + p->dstPos.y * to.pitch + p->dstPos.x;
    const char *source = static_cast<const char *>(from.ptr) + p->srcPos.z * from_slice + p->srcPos.y * from.pitch + p->srcPos.x;
    return copy(target, source, {p->extent.width, p->extent.height, p->extent.depth, to.pitch, from.pitch, to_slice, from_slice}, p->kind);
}
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *parameters, cudaStream_t) { return cudaMemcpy3D(parameters); }

cudaError_t cudaMemset(void *pointer, int value, std::size_t size) { return fill(pointer, 0, value, size, 1); }
cudaError_t cudaMemsetAsync(void *pointer, int value, std::size_t size, cudaStream_t) { return fill(pointer, 0, value, size, 1); }
cudaError_t cudaMemset2D(void *pointer, std::size_t pitch, int value, std::size_t width, std::size_t height) {
    if (pitch < width) return set_error(cudaErrorInvalidPitchValue);
    return fill(pointer, pitch, value, width, height);
}
cudaError_t cudaMemset2DAsync(void *pointer, std::size_t pitch, int value, std::size_t width, std::size_t height, cudaStream_t) {
    return cudaMemset2D(pointer, pitch, value, width, height);
}
cudaError_t cudaMemset3D(cudaPitchedPtr pointer, int value, cudaExtent extent) {
    return fill(pointer.ptr, pointer.pitch, value, extent.width, extent.height, pointer.pitch * pointer.ysize, extent.depth);
}
cudaError_t cudaMemset3DAsync(cudaPitchedPtr pointer, int value, cudaExtent extent, cudaStream_t) { return cudaMemset3D(pointer, value, extent); }

cudaError_t hpcraft_cuda::copy_symbol(
    void *to, const void *from, std::size_t count, std::size_t offset, std::size_t size, bool to_symbol, cudaMemcpyKind kind) {
    if (!to || !from || offset > size || count > size - offset) return set_error(cudaErrorInvalidValue);
    char *target = static_cast<char *>(to) + (to_symbol ? offset : 0);
    const char *source = static_cast<const char *>(from) + (to_symbol ? 0 : offset);
    const void *other = to_symbol ? static_cast<const void *>(source) : target;
    const bool device = kind == cudaMemcpyDeviceToDevice || kind == cudaMemcpyDefault;
    const Side side = side_of(other, count);
    if (side == Side::wrong || (side == Side::device && !device)) return set_error(cudaErrorInvalidValue);
    if (kind == (to_symbol ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice)) return set_error(cudaErrorInvalidMemcpyDirection);
    const Opened opened(other);
    tell(target, source, to_symbol ? Side::either : side, to_symbol ? side : Side::either, count);
    std::memmove(target, source, count);
    return cudaSuccess;
}
