// Arrays, and what textures and surfaces show of them and of plain memory. An array is device memory without gaps between its rows.

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>

#include "cuda_runtime_api.h"
#include "hpcraft_cuda/texture_references.h"
#include "runtime.h"

using namespace hpcraft_cuda;

void hpcraft_cuda::no_texture(const char *what) { fault_at(Kind::out_of_bounds, nullptr, what); }

namespace {

struct Live {
    std::mutex guard;
    std::set<const void *> all;
};
Live &live_arrays = *new Live, &live_objects = *new Live;

bool is_live(Live &of, const void *what) {
    const std::lock_guard lock(of.guard);
    return of.all.count(what) != 0;
}

bool is_format(const cudaChannelFormatDesc &format) {
    const int bits = format.x, all[4] = {format.x, format.y, format.z, format.w};
    if (bits != 8 && bits != 16 && bits != 32) return false;
    if (format.f == cudaChannelFormatKindFloat ? bits == 8 : format.f != cudaChannelFormatKindSigned && format.f != cudaChannelFormatKindUnsigned)
        return false;
    int channels = 1;
    while (channels < 4 && all[channels] == bits) ++channels;
    return channels != 3 && std::all_of(all + channels, all + 4, [](int other) { return other == 0; });
}

long long least_one(std::size_t size) { return size ? static_cast<long long>(size) : 1; }

void show_array(Texture &made, cudaArray *array) {
    made.data = array->data;
    made.array = array;
    made.format = array->desc;
    made.pitch = array->pitch;
    made.slice = array->slice;
    made.layered = array->flags & cudaArrayLayered;
    made.size[0] = least_one(array->width);
    made.size[1] = least_one(array->height);
    made.size[2] = least_one(array->depth);
    if (made.layered && !array->height) {  // the layers take the place of the rows
        made.size[1] = made.size[2];
        made.size[2] = 1;
        made.pitch = array->slice;
    }
}

// How many bytes there are of memory, up to a number; none for what is no memory of the device.
std::size_t reachable(const void *at, std::size_t bytes) {
    const char *begin = static_cast<const char *>(at), *end = nullptr;
    if (const Allocation *found = arena_find(at)) end = found->freed || begin < found->begin ? begin : found->begin + found->size;
    else if (const Symbol *symbol = find_symbol(at)) end = static_cast<const char *>(symbol->address) + symbol->size;
    else if (is_registered(at)) end = begin + bytes;
    return end > begin ? std::min<std::size_t>(bytes, end - begin) : 0;
}

bool show_memory(Texture &made, const void *at, const cudaChannelFormatDesc &format, std::size_t bytes) {
    const std::size_t all = reachable(at, bytes);
    if (!all || !is_format(format)) return false;
    made.data = static_cast<const char *>(at);
    made.format = format;
    made.linear_memory = true;
    made.size[0] = static_cast<long long>(all) / bytes_of(format);
    return true;
}

bool show_rows(Texture &made, const void *at, const cudaChannelFormatDesc &format, std::size_t width, std::size_t height, std::size_t pitch) {
    if (!width || !height || !is_format(format)) return false;
    const std::size_t row = width * bytes_of(format), all = (height - 1) * pitch + row;
    if (pitch < row || reachable(at, all) != all) return false;
    made.data = static_cast<const char *>(at);
    made.format = format;
    made.pitch = pitch;
    made.size[0] = static_cast<long long>(width);
    made.size[1] = static_cast<long long>(height);
    return true;
}

Texture nothing() {
    Texture made{};
    made.mark = Texture::ALIVE;
    std::fill(made.size, made.size + 3, 1);
    return made;
}

bool show(Texture &made, const cudaResourceDesc &what) {
    switch (what.resType) {
    case cudaResourceTypeArray:
        if (!is_live(live_arrays, what.res.array.array)) return false;
        show_array(made, what.res.array.array);
        return true;
    case cudaResourceTypeLinear: return show_memory(made, what.res.linear.devPtr, what.res.linear.desc, what.res.linear.sizeInBytes);
    case cudaResourceTypePitch2D: {
        const auto &rows = what.res.pitch2D;
        return show_rows(made, rows.devPtr, rows.desc, rows.width, rows.height, rows.pitchInBytes);
    }
    default: return false;
    }
}

bool can_be_read(const Texture &made) {
    const cudaTextureDesc &how = made.how;
    const bool integers = made.format.f != cudaChannelFormatKindFloat;
    if (how.readMode == cudaReadModeNormalizedFloat && (!integers || made.format.x > 16)) return !integers;
    return how.filterMode == cudaFilterModePoint || !integers || how.readMode == cudaReadModeNormalizedFloat || made.linear_memory;
}

template <class Handle>
cudaError_t add(Handle *object, const Texture &made) {
    auto *kept = new Texture(made);
    const std::lock_guard lock(live_objects.guard);
    live_objects.all.insert(kept);
    *object = reinterpret_cast<Handle>(kept);
    return cudaSuccess;
}

cudaError_t remove(unsigned long long object) {
    auto *kept = reinterpret_cast<Texture *>(object);
    const std::lock_guard lock(live_objects.guard);
    if (!live_objects.all.erase(kept)) return set_error(cudaErrorInvalidValue);
    kept->mark = 0;  // and it stays, so that a use of it is told
    return cudaSuccess;
}

cudaError_t bound(const textureReference *to, const Texture &made, bool good) {
    if (!to || !good) return set_error(cudaErrorInvalidValue);
    to->bound = made;
    return cudaSuccess;
}

}  // namespace

cudaError_t cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *format, cudaExtent extent, unsigned int flags) {
    if (!array || !format || !is_format(*format) || !extent.width) return set_error(cudaErrorInvalidValue);
    if (flags & cudaArrayCubemap) return set_error(cudaErrorNotSupported);
    auto *made = new cudaArray{*format, extent.width, extent.height, extent.depth, 0, 0, flags, nullptr};
    made->pitch = extent.width * bytes_of(*format);
    made->slice = made->pitch * least_one(extent.height);
    if (const cudaError_t error = cudaMalloc(reinterpret_cast<void **>(&made->data), made->slice * least_one(extent.depth))) {
        delete made;
        return error;
    }
    const std::lock_guard lock(live_arrays.guard);
    live_arrays.all.insert(made);
    *array = made;
    return cudaSuccess;
}
cudaError_t cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *format, std::size_t width, std::size_t height, unsigned int flags) {
    return cudaMalloc3DArray(array, format, cudaExtent{width, height, 0}, flags);
}
cudaError_t cudaFreeArray(cudaArray_t array) {
    if (!array) return cudaSuccess;
    {
        const std::lock_guard lock(live_arrays.guard);
        if (!live_arrays.all.erase(array)) return set_error(cudaErrorInvalidValue);
    }
    const cudaError_t error = cudaFree(array->data);
    delete array;
    return error;
}
cudaError_t cudaArrayGetInfo(cudaChannelFormatDesc *format, cudaExtent *extent, unsigned int *flags, cudaArray_t array) {
    if (!is_live(live_arrays, array)) return set_error(cudaErrorInvalidValue);
    if (format) *format = array->desc;
    if (extent) *extent = cudaExtent{array->width, array->height, array->depth};
    if (flags) *flags = array->flags;
    return cudaSuccess;
}
cudaError_t cudaGetChannelDesc(cudaChannelFormatDesc *format, cudaArray_const_t array) {
    return cudaArrayGetInfo(format, nullptr, nullptr, const_cast<cudaArray_t>(array));
}
cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind kind) { return {x, y, z, w, kind}; }

cudaError_t cudaCreateTextureObject(
    cudaTextureObject_t *object, const cudaResourceDesc *what, const cudaTextureDesc *how, const cudaResourceViewDesc *view) {
    if (!object || !what || !how) return set_error(cudaErrorInvalidValue);
    if (view || what->resType == cudaResourceTypeMipmappedArray || how->sRGB) return set_error(cudaErrorNotSupported);
    Texture made = nothing();
    if (!show(made, *what)) return set_error(cudaErrorInvalidValue);
    made.how = *how;
    return can_be_read(made) ? add(object, made) : set_error(cudaErrorInvalidValue);
}
cudaError_t cudaDestroyTextureObject(cudaTextureObject_t object) { return object ? remove(object) : cudaSuccess; }
cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t *object, const cudaResourceDesc *what) {
    Texture made = nothing();
    if (!object || !what || what->resType != cudaResourceTypeArray || !show(made, *what)) return set_error(cudaErrorInvalidValue);
    return add(object, made);
}
cudaError_t cudaDestroySurfaceObject(cudaSurfaceObject_t object) { return object ? remove(object) : cudaSuccess; }

cudaError_t hpcraft_cuda::bind_memory(const textureReference *to, const void *at, const cudaChannelFormatDesc *format, std::size_t bytes) {
    Texture made = nothing();
    const bool good = format && show_memory(made, at, *format, bytes);
    return bound(to, made, good);
}
cudaError_t hpcraft_cuda::bind_rows(
    const textureReference *to, const void *at, const cudaChannelFormatDesc *format, std::size_t width, std::size_t height, std::size_t pitch) {
    Texture made = nothing();
    const bool good = format && show_rows(made, at, *format, width, height, pitch);
    return bound(to, made, good);
}
cudaError_t hpcraft_cuda::bind_array(const textureReference *to, cudaArray_const_t array, const cudaChannelFormatDesc *format) {
    Texture made = nothing();
    const bool good = format && is_live(live_arrays, array);
    if (good) show_array(made, const_cast<cudaArray *>(array));
    return bound(to, made, good);
}
