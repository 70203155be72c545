// Textures and surfaces by objects, as device code reads and writes them.
#pragma once

#include <type_traits>

#include "hpcraft_cuda/state.h"
#include "hpcraft_cuda/texture_object.h"

namespace hpcraft_cuda {

template <class T, class = void>
struct Channels {
    using Type = T;
};
template <class T>
struct Channels<T, std::void_t<decltype(T::x)>> {
    using Type = decltype(T::x);
};

template <class T>
HPCRAFT_CUDA_UNCHECKED inline T from_texel(const Texel &found) {
    using Channel = typename Channels<T>::Type;
    static_assert(sizeof(Channel) <= 4, "a texture has channels of up to 32 bits");
    T value{};
    for (unsigned i = 0; i < sizeof(T) / sizeof(Channel) && i < 4; ++i) {
        const std::uint32_t bits = found.bits[i];
        std::memcpy(reinterpret_cast<char *>(&value) + i * sizeof(Channel), &bits, sizeof(Channel));
    }
    return value;
}

HPCRAFT_CUDA_UNCHECKED inline Texel fetch(const Texture &from, int index) {
    const bool inside = index >= 0 && index < from.size[0];
    return inside ? element(from, index, 0, 0) : Texel{};
}

HPCRAFT_CUDA_UNCHECKED inline const Texture &sampled(unsigned long long handle) {
    const Texture &found = texture_of(handle);
    if (found.linear_memory) no_texture("a texture of linear memory is read by coordinates; only tex1Dfetch can");
    return found;
}

}  // namespace hpcraft_cuda

template <class T>
inline cudaChannelFormatDesc cudaCreateChannelDesc() {
    using Channel = typename hpcraft_cuda::Channels<T>::Type;
    constexpr int bits = 8 * sizeof(Channel), channels = sizeof(T) / sizeof(Channel);
    constexpr bool is_float = std::is_floating_point_v<Channel> || !std::is_arithmetic_v<Channel>;  // the 16-bit ones are classes
    constexpr auto kind = is_float                      ? cudaChannelFormatKindFloat
                          : std::is_signed_v<Channel>   ? cudaChannelFormatKindSigned
                                                        : cudaChannelFormatKindUnsigned;
    return {bits, channels > 1 ? bits : 0, channels > 2 ? bits : 0, channels > 3 ? bits : 0, kind};
}

template <class T>
inline T tex1Dfetch(cudaTextureObject_t object, int index) {
    return hpcraft_cuda::from_texel<T>(hpcraft_cuda::fetch(hpcraft_cuda::texture_of(object), index));
}
template <class T>
inline T tex1D(cudaTextureObject_t object, float x) {
    return hpcraft_cuda::from_texel<T>(hpcraft_cuda::sample(hpcraft_cuda::sampled(object), x, 0, 0, 1));
}
template <class T>
inline T tex2D(cudaTextureObject_t object, float x, float y) {
    return hpcraft_cuda::from_texel<T>(hpcraft_cuda::sample(hpcraft_cuda::sampled(object), x, y, 0, 2));
}
template <class T>
inline T tex3D(cudaTextureObject_t object, float x, float y, float z) {
    return hpcraft_cuda::from_texel<T>(hpcraft_cuda::sample(hpcraft_cuda::sampled(object), x, y, z, 3));
}
template <class T>
inline T tex1DLayered(cudaTextureObject_t object, float x, int layer) {
    return hpcraft_cuda::from_texel<T>(hpcraft_cuda::sample(hpcraft_cuda::sampled(object), x, 0, 0, 1, layer));
}
template <class T>
inline T tex2DLayered(cudaTextureObject_t object, float x, float y, int layer) {
    return hpcraft_cuda::from_texel<T>(hpcraft_cuda::sample(hpcraft_cuda::sampled(object), x, y, 0, 2, layer));
}
// Without mipmaps there is one level.
template <class T>
inline T tex1DLod(cudaTextureObject_t object, float x, float) {
    return tex1D<T>(object, x);
}
template <class T>
inline T tex2DLod(cudaTextureObject_t object, float x, float y, float) {
    return tex2D<T>(object, x, y);
}
template <class T>
inline T tex3DLod(cudaTextureObject_t object, float x, float y, float z, float) {
    return tex3D<T>(object, x, y, z);
}
template <class T>
inline void tex1Dfetch(T *to, cudaTextureObject_t object, int index) {
    *to = tex1Dfetch<T>(object, index);
}
template <class T>
inline void tex1D(T *to, cudaTextureObject_t object, float x) {
    *to = tex1D<T>(object, x);
}
template <class T>
inline void tex2D(T *to, cudaTextureObject_t object, float x, float y) {
    *to = tex2D<T>(object, x, y);
}
template <class T>
inline void tex3D(T *to, cudaTextureObject_t object, float x, float y, float z) {
    *to = tex3D<T>(object, x, y, z);
}

namespace hpcraft_cuda {

// Where an element of a surface lies; null for one outside that reads as zero and is not written.
template <class T>
HPCRAFT_CUDA_UNCHECKED inline T *surface_place(cudaSurfaceObject_t object, int x, int y, int z, cudaSurfaceBoundaryMode mode, Where where) {
    const Texture &found = texture_of(object);
    const long long size[3] = {found.size[0] * bytes_of(found.format), found.size[1], found.size[2]};
    long long at[3] = {x, y, z};
    const long long last[3] = {size[0] - static_cast<long long>(sizeof(T)), size[1] - 1, size[2] - 1};
    for (int axis = 0; axis < 3; ++axis) {
        if (at[axis] >= 0 && at[axis] <= last[axis]) continue;
        if (mode == cudaBoundaryModeZero) return nullptr;
        if (mode == cudaBoundaryModeTrap) fault(Kind::out_of_bounds, where, "element (byte %d, %d, %d) of a surface of %lld bytes x %lld x %lld", x, y, z, size[0], size[1], size[2]);
        at[axis] = at[axis] < 0 ? 0 : last[axis];
    }
    return reinterpret_cast<T *>(found.array->data + at[2] * found.slice + at[1] * found.pitch + at[0]);
}
template <class T>
inline T surface_read(cudaSurfaceObject_t object, int x, int y, int z, cudaSurfaceBoundaryMode mode, Where where) {
    const T *at = surface_place<T>(object, x, y, z, mode, where);
    return at ? *at : T{};
}
template <class T>
inline void surface_write(T value, cudaSurfaceObject_t object, int x, int y, int z, cudaSurfaceBoundaryMode mode, Where where) {
    if (T *at = surface_place<T>(object, x, y, z, mode, where)) *at = value;
}

}  // namespace hpcraft_cuda

// The x of a surface counts bytes.
#define HPCRAFT_CUDA_SURFACE(name, parameters, place)                                                                              \
    template <class T>                                                                                                             \
    inline T name##read(                                                                                                           \
        cudaSurfaceObject_t object, HPCRAFT_CUDA_SPREAD parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap,           \
        HPCRAFT_CUDA_HERE) {                                                                                                       \
        return hpcraft_cuda::surface_read<T>(object, HPCRAFT_CUDA_SPREAD place, mode, HPCRAFT_CUDA_THERE);                         \
    }                                                                                                                              \
    template <class T>                                                                                                             \
    inline void name##read(                                                                                                        \
        T *to, cudaSurfaceObject_t object, HPCRAFT_CUDA_SPREAD parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap,    \
        HPCRAFT_CUDA_HERE) {                                                                                                       \
        *to = hpcraft_cuda::surface_read<T>(object, HPCRAFT_CUDA_SPREAD place, mode, HPCRAFT_CUDA_THERE);                          \
    }                                                                                                                              \
    template <class T>                                                                                                             \
    inline void name##write(                                                                                                       \
        T value, cudaSurfaceObject_t object, HPCRAFT_CUDA_SPREAD parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap,  \
        HPCRAFT_CUDA_HERE) {                                                                                                       \
        hpcraft_cuda::surface_write<T>(value, object, HPCRAFT_CUDA_SPREAD place, mode, HPCRAFT_CUDA_THERE);                        \
    }
#define HPCRAFT_CUDA_SPREAD(...) __VA_ARGS__
HPCRAFT_CUDA_SURFACE(surf1D, (int x), (x, 0, 0))
HPCRAFT_CUDA_SURFACE(surf2D, (int x, int y), (x, y, 0))
HPCRAFT_CUDA_SURFACE(surf3D, (int x, int y, int z), (x, y, z))
HPCRAFT_CUDA_SURFACE(surf1DLayered, (int x, int layer), (x, layer, 0))
HPCRAFT_CUDA_SURFACE(surf2DLayered, (int x, int y, int layer), (x, y, layer))
#undef HPCRAFT_CUDA_SURFACE
#undef HPCRAFT_CUDA_SPREAD
