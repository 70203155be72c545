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
        const std::size_t offset = begin - found->begin;  // huge, where it lies before
        if (found->freed || offset > found->size || size > found->size - offset) return Side::wrong;
        return found->memory == Memory::device ? Side::device : Side::either;
    }
    if (const Symbol *symbol = find_symbol(at)) {
        const std::size_t offset = begin - static_cast<const char *>(symbol->address);
        return size > symbol->size - offset ? Side::wrong : Side::either;
    }
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

// Under checks a copy that a device refuses is a fault at once: what comes next is of no use.
cudaError_t refuse(const void *to, const void *from, Side target, Side source, cudaError_t error) {
    if (!checker) return set_error(error);
    for (const bool is_source : {false, true}) {
        if ((is_source ? source : target) != Side::wrong) continue;
        const void *at = is_source ? from : to;
        const Allocation *of = arena_find(at);
        if (!of) fault_in_call(Kind::out_of_bounds, "the %s leaves its variable", is_source ? "source" : "target");
        fault_in_call(of->freed ? Kind::use_after_free : Kind::out_of_bounds, "the %s is byte %td and more of %zu bytes%s", is_source ? "source" : "target",
                      static_cast<const char *>(at) - of->begin, of->size, of->freed ? " that were freed" : "");
    }
    auto place = [](Side side) { return side == Side::host ? "the host" : "the device"; };
    if (error == cudaErrorInvalidValue)
        fault_in_call(Kind::copy, "the direction is wrong for a copy from memory of %s to memory of %s", place(source), place(target));
    return set_error(error);
}

// What a result is read from that nobody has written, while a launch was refused or the wrong memory is copied.
void look_at_source(const void *to, const void *from, Side target, Side source, std::size_t size) {
    if (!checker || source == Side::host) return;
    if (target == Side::host && source == Side::device && !checker->any_written(from, size)) {
        tell_unseen_error();
        fault_in_call(Kind::uninitialised, "none of the %zu bytes that are copied to the host was written", size);
    }
    const auto *begin = static_cast<const char *>(from), *into = static_cast<const char *>(to);
    if (target != Side::host && to != from && into < begin + size && begin < into + size)
        fault_in_call(Kind::copy, "source and target overlap: they are %td bytes apart, of %zu", into - begin, size);
}

void tell(void *to, const void *from, Side target, Side source, std::size_t size) {
    if (!checker) return;
    if (source != Side::host) checker->api_touches(from, size, false);
    if (target != Side::host) checker->api_touches(to, size, true);
    if (target != Side::host && source != Side::host) checker->api_copies(to, from, size);
    else if (target != Side::host) checker->api_writes(to, size);
}

// The stream that the asynchronous form of a call names; the others are for the default stream, and the host waits.
struct Order {
    const void *stream = nullptr;
    bool waits = true;
};
thread_local Order order;
class InStream {
public:
    explicit InStream(cudaStream_t stream) { order = {stream, false}; }
    ~InStream() { order = {}; }
    InStream(const InStream &) = delete;
    InStream &operator=(const InStream &) = delete;
};
// What the checks are told of one call: `recorded` where others may still conflict with it, `waits` where the host knows that it has ended.
class Told {
public:
    Told(bool recorded, bool waits) : waits_(waits) {
        if (checker) checker->copy_begins(order.stream, recorded);
    }
    ~Told() {
        if (checker) checker->copy_ends(order.stream, waits_);
    }
    Told(const Told &) = delete;
    Told &operator=(const Told &) = delete;

private:
    bool waits_;
};

struct Rows {
    std::size_t width, height, depth = 1, to_pitch = 0, from_pitch = 0, to_slice = 0, from_slice = 0;
};

cudaError_t copy(void *to, const void *from, const Rows &rows, cudaMemcpyKind kind) {
    if (!rows.width || !rows.height || !rows.depth) return cudaSuccess;
    if (!to || !from) return set_error(cudaErrorInvalidValue);
    const std::size_t last_to = (rows.depth - 1) * rows.to_slice + (rows.height - 1) * rows.to_pitch + rows.width;
    const std::size_t last_from = (rows.depth - 1) * rows.from_slice + (rows.height - 1) * rows.from_pitch + rows.width;
    const Side target = side_of(to, last_to), source = side_of(from, last_from);
    if (const cudaError_t refused = refusal(target, source, kind)) return refuse(to, from, target, source, refused);
    if (rows.height * rows.depth == 1) look_at_source(to, from, target, source, rows.width);
    const bool waits = order.waits || target == Side::host;  // pageable memory of the host
    const Told told(!waits, waits);
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

cudaError_t refuse_fill() {
    if (checker) fault_in_call(Kind::copy, "what is filled is memory of the host");
    return set_error(cudaErrorInvalidValue);
}

cudaError_t fill(void *pointer, std::size_t pitch, int value, std::size_t width, std::size_t height, std::size_t slice = 0, std::size_t depth = 1) {
    if (!width || !height || !depth) return cudaSuccess;
    const Side side = side_of(pointer, (depth - 1) * slice + (height - 1) * pitch + width);
    if (!pointer) return set_error(cudaErrorInvalidValue);
    if (side == Side::wrong) return refuse(pointer, pointer, side, Side::either, cudaErrorInvalidValue);
    if (side == Side::host) return refuse_fill();
    const Told told(!order.waits, order.waits && side != Side::device);
    const Opened opened(pointer);
    for (std::size_t z = 0; z < depth; ++z) {
        for (std::size_t y = 0; y < height; ++y) {
            char *row = static_cast<char *>(pointer) + z * slice + y * pitch;
            tell(row, nullptr, side, Side::host, width);
            std::memset(row, value, width);
        }
    }
    return cudaSuccess;
}

}  // namespace

cudaError_t cudaMemcpy(void *to, const void *from, std::size_t size, cudaMemcpyKind kind) { return copy(to, from, {size, 1}, kind); }
cudaError_t cudaMemcpyAsync(void *to, const void *from, std::size_t size, cudaMemcpyKind kind, cudaStream_t stream) {
    const InStream in(stream);
    return copy(to, from, {size, 1}, kind);
}
cudaError_t cudaMemcpyPeer(void *to, int, const void *from, int, std::size_t size) { return copy(to, from, {size, 1}, cudaMemcpyDeviceToDevice); }
cudaError_t cudaMemcpyPeerAsync(void *to, int, const void *from, int, std::size_t size, cudaStream_t stream) {
    const InStream in(stream);
    return copy(to, from, {size, 1}, cudaMemcpyDeviceToDevice);
}

cudaError_t cudaMemcpy2D(
    void *to, std::size_t to_pitch, const void *from, std::size_t from_pitch, std::size_t width, std::size_t height, cudaMemcpyKind kind) {
    if (to_pitch < width || from_pitch < width) return set_error(cudaErrorInvalidPitchValue);
    return copy(to, from, {width, height, 1, to_pitch, from_pitch}, kind);
}
cudaError_t cudaMemcpy2DAsync(
    void *to, std::size_t to_pitch, const void *from, std::size_t from_pitch, std::size_t width, std::size_t height, cudaMemcpyKind kind,
    cudaStream_t stream) {
    const InStream in(stream);
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
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *parameters, cudaStream_t stream) {
    const InStream in(stream);
    return cudaMemcpy3D(parameters);
}

cudaError_t cudaMemset(void *pointer, int value, std::size_t size) { return fill(pointer, 0, value, size, 1); }
cudaError_t cudaMemsetAsync(void *pointer, int value, std::size_t size, cudaStream_t stream) {
    const InStream in(stream);
    return fill(pointer, 0, value, size, 1);
}
cudaError_t cudaMemset2D(void *pointer, std::size_t pitch, int value, std::size_t width, std::size_t height) {
    if (pitch < width) return set_error(cudaErrorInvalidPitchValue);
    return fill(pointer, pitch, value, width, height);
}
cudaError_t cudaMemset2DAsync(void *pointer, std::size_t pitch, int value, std::size_t width, std::size_t height, cudaStream_t stream) {
    const InStream in(stream);
    return cudaMemset2D(pointer, pitch, value, width, height);
}
cudaError_t cudaMemset3D(cudaPitchedPtr pointer, int value, cudaExtent extent) {
    return fill(pointer.ptr, pointer.pitch, value, extent.width, extent.height, pointer.pitch * pointer.ysize, extent.depth);
}
cudaError_t cudaMemset3DAsync(cudaPitchedPtr pointer, int value, cudaExtent extent, cudaStream_t stream) {
    const InStream in(stream);
    return cudaMemset3D(pointer, value, extent);
}

static cudaError_t refuse_symbol(std::size_t offset, std::size_t count, std::size_t size) {
    if (checker) fault_in_call(Kind::out_of_bounds, "%zu bytes at byte %zu of a variable of %zu bytes", count, offset, size);
    return set_error(cudaErrorInvalidValue);
}

cudaError_t hpcraft_cuda::copy_symbol(
    void *to, const void *from, std::size_t count, std::size_t offset, std::size_t size, bool to_symbol, cudaMemcpyKind kind) {
    if (!to || !from) return set_error(cudaErrorInvalidValue);
    if (offset > size || count > size - offset) return refuse_symbol(offset, count, size);
    char *target = static_cast<char *>(to) + (to_symbol ? offset : 0);
    const char *source = static_cast<const char *>(from) + (to_symbol ? 0 : offset);
    const void *other = to_symbol ? static_cast<const void *>(source) : target;
    const bool device = kind == cudaMemcpyDeviceToDevice || kind == cudaMemcpyDefault;
    const Side side = side_of(other, count);
    if (side == Side::wrong || (side == Side::device && !device)) {
        const Side target_side = to_symbol ? Side::device : side, source_side = to_symbol ? side : Side::device;
        return refuse(target, source, target_side, source_side, cudaErrorInvalidValue);
    }
    if (kind == (to_symbol ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice)) return set_error(cudaErrorInvalidMemcpyDirection);
    const Told told(!order.waits, order.waits);
    const Opened opened(other);
    tell(target, source, to_symbol ? Side::either : side, to_symbol ? side : Side::either, count);
    std::memmove(target, source, count);
    return cudaSuccess;
}
