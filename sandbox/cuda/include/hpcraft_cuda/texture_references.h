// Textures and surfaces by references, which CUDA 12 took away: `texture<float, 2> t;` of a file, bound by the host. The translator
// names these types by their namespace, because programs have classes called `texture` of their own.
#pragma once

#include <climits>

#include "cuda_runtime_api.h"
#include "hpcraft_cuda/texture_functions.h"

struct textureReference {
    int normalized = 0;
    cudaTextureFilterMode filterMode = cudaFilterModePoint;
    cudaTextureAddressMode addressMode[3] = {cudaAddressModeClamp, cudaAddressModeClamp, cudaAddressModeClamp};
    cudaChannelFormatDesc channelDesc{};
    int sRGB = 0;
    unsigned int maxAnisotropy = 0;
    cudaTextureFilterMode mipmapFilterMode = cudaFilterModePoint;
    float mipmapLevelBias = 0, minMipmapLevelClamp = 0, maxMipmapLevelClamp = 0;
    mutable hpcraft_cuda::Texture bound{};  // what it shows; `how` is made of the fields above at each look-up
    cudaTextureReadMode read_mode = cudaReadModeElementType;
};
struct surfaceReference {
    cudaChannelFormatDesc channelDesc{};
    mutable cudaSurfaceObject_t bound = 0;
};

namespace hpcraft_cuda {

cudaError_t bind_memory(const textureReference *to, const void *at, const cudaChannelFormatDesc *format, std::size_t bytes);
cudaError_t bind_rows(
    const textureReference *to, const void *at, const cudaChannelFormatDesc *format, std::size_t width, std::size_t height, std::size_t pitch);
cudaError_t bind_array(const textureReference *to, cudaArray_const_t array, const cudaChannelFormatDesc *format);

template <class T>
struct Normalized;
#define HPCRAFT_CUDA_NORMALIZED(type, name) \
    template <>                             \
    struct Normalized<type> {               \
        using Type = float;                 \
    };                                      \
    template <>                             \
    struct Normalized<name##1> {            \
        using Type = float1;                \
    };                                      \
    template <>                             \
    struct Normalized<name##2> {            \
        using Type = float2;                \
    };                                      \
    template <>                             \
    struct Normalized<name##4> {            \
        using Type = float4;                \
    };
HPCRAFT_CUDA_NORMALIZED(signed char, char)
HPCRAFT_CUDA_NORMALIZED(unsigned char, uchar)
HPCRAFT_CUDA_NORMALIZED(short, short)
HPCRAFT_CUDA_NORMALIZED(unsigned short, ushort)
#undef HPCRAFT_CUDA_NORMALIZED
template <>
struct Normalized<char> {
    using Type = float;
};

template <class T, int kind = cudaTextureType1D, cudaTextureReadMode mode = cudaReadModeElementType>
struct texture : textureReference {
    texture() : texture(0) {}
    explicit texture(int normalized_, cudaTextureFilterMode filter = cudaFilterModePoint, cudaTextureAddressMode address = cudaAddressModeClamp)
        : texture(normalized_, filter, address, cudaCreateChannelDesc<T>()) {}
    texture(int normalized_, cudaTextureFilterMode filter, cudaTextureAddressMode address, cudaChannelFormatDesc format) {
        normalized = normalized_;
        filterMode = filter;
        addressMode[0] = addressMode[1] = addressMode[2] = address;
        channelDesc = format;
        read_mode = mode;
    }
    static auto result() {
        if constexpr (mode == cudaReadModeNormalizedFloat) return typename Normalized<T>::Type{};
        else return T{};
    }
    using Result = decltype(result());
};
template <class T = void, int kind = cudaSurfaceType1D>
struct surface : surfaceReference {};

HPCRAFT_CUDA_UNCHECKED inline Texture shown(const textureReference &by) {
    if (by.bound.mark != Texture::ALIVE) no_texture("a texture reference is read to which nothing is bound");
    Texture made = by.bound;
    for (int axis = 0; axis < 3; ++axis) made.how.addressMode[axis] = by.addressMode[axis];
    made.how.filterMode = by.filterMode;
    made.how.normalizedCoords = by.normalized;
    made.how.readMode = by.read_mode;
    return made;
}

HPCRAFT_CUDA_UNCHECKED inline cudaSurfaceObject_t bound_of(const surfaceReference &by) { return by.bound; }

template <class T, int kind, cudaTextureReadMode mode>
inline auto tex1Dfetch(const texture<T, kind, mode> &by, int index) {
    return from_texel<typename texture<T, kind, mode>::Result>(fetch(shown(by), index));
}
template <class T, int kind, cudaTextureReadMode mode>
inline auto tex1D(const texture<T, kind, mode> &by, float x) {
    return from_texel<typename texture<T, kind, mode>::Result>(sample(shown(by), x, 0, 0, 1));
}
template <class T, int kind, cudaTextureReadMode mode>
inline auto tex2D(const texture<T, kind, mode> &by, float x, float y) {
    return from_texel<typename texture<T, kind, mode>::Result>(sample(shown(by), x, y, 0, 2));
}
template <class T, int kind, cudaTextureReadMode mode>
inline auto tex3D(const texture<T, kind, mode> &by, float x, float y, float z) {
    return from_texel<typename texture<T, kind, mode>::Result>(sample(shown(by), x, y, z, 3));
}
template <class T, int kind, cudaTextureReadMode mode>
inline auto tex1DLayered(const texture<T, kind, mode> &by, float x, int layer) {
    return from_texel<typename texture<T, kind, mode>::Result>(sample(shown(by), x, 0, 0, 1, layer));
}
template <class T, int kind, cudaTextureReadMode mode>
inline auto tex2DLayered(const texture<T, kind, mode> &by, float x, float y, int layer) {
    return from_texel<typename texture<T, kind, mode>::Result>(sample(shown(by), x, y, 0, 2, layer));
}

}  // namespace hpcraft_cuda

using hpcraft_cuda::tex1D;
using hpcraft_cuda::tex1Dfetch;
using hpcraft_cuda::tex1DLayered;
using hpcraft_cuda::tex2D;
using hpcraft_cuda::tex2DLayered;
using hpcraft_cuda::tex3D;

inline cudaError_t cudaBindTexture(
    std::size_t *offset, const textureReference *to, const void *at, const cudaChannelFormatDesc *format, std::size_t bytes = UINT_MAX) {
    if (offset) *offset = 0;
    return hpcraft_cuda::bind_memory(to, at, format, bytes);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture(
    std::size_t *offset, const hpcraft_cuda::texture<T, kind, mode> &to, const void *at, const cudaChannelFormatDesc &format,
    std::size_t bytes = UINT_MAX) {
    return cudaBindTexture(offset, &to, at, &format, bytes);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture(
    std::size_t *offset, const hpcraft_cuda::texture<T, kind, mode> &to, const void *at, std::size_t bytes = UINT_MAX) {
    return cudaBindTexture(offset, &to, at, &to.channelDesc, bytes);
}
inline cudaError_t cudaBindTexture2D(
    std::size_t *offset, const textureReference *to, const void *at, const cudaChannelFormatDesc *format, std::size_t width, std::size_t height,
    std::size_t pitch) {
    if (offset) *offset = 0;
    return hpcraft_cuda::bind_rows(to, at, format, width, height, pitch);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture2D(
    std::size_t *offset, const hpcraft_cuda::texture<T, kind, mode> &to, const void *at, const cudaChannelFormatDesc &format, std::size_t width,
    std::size_t height, std::size_t pitch) {
    return cudaBindTexture2D(offset, &to, at, &format, width, height, pitch);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture2D(
    std::size_t *offset, const hpcraft_cuda::texture<T, kind, mode> &to, const void *at, std::size_t width, std::size_t height, std::size_t pitch) {
    return cudaBindTexture2D(offset, &to, at, &to.channelDesc, width, height, pitch);
}
inline cudaError_t cudaBindTextureToArray(const textureReference *to, cudaArray_const_t array, const cudaChannelFormatDesc *format) {
    return hpcraft_cuda::bind_array(to, array, format);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTextureToArray(
    const hpcraft_cuda::texture<T, kind, mode> &to, cudaArray_const_t array, const cudaChannelFormatDesc &format) {
    return hpcraft_cuda::bind_array(&to, array, &format);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTextureToArray(const hpcraft_cuda::texture<T, kind, mode> &to, cudaArray_const_t array) {
    return hpcraft_cuda::bind_array(&to, array, array ? &array->desc : nullptr);
}
inline cudaError_t cudaUnbindTexture(const textureReference *from) {
    from->bound.mark = 0;
    return cudaSuccess;
}
inline cudaError_t cudaUnbindTexture(const textureReference &from) { return cudaUnbindTexture(&from); }
inline cudaError_t cudaGetTextureAlignmentOffset(std::size_t *offset, const textureReference *) {
    *offset = 0;
    return cudaSuccess;
}
inline cudaError_t cudaGetTextureAlignmentOffset(std::size_t *offset, const textureReference &) {
    *offset = 0;
    return cudaSuccess;
}
inline cudaError_t cudaGetTextureReference(const textureReference **found, const void *symbol) {
    *found = static_cast<const textureReference *>(symbol);
    return cudaSuccess;
}
inline cudaError_t cudaGetTextureReference(const textureReference **found, const textureReference &symbol) {
    *found = &symbol;
    return cudaSuccess;
}
inline cudaError_t cudaBindSurfaceToArray(const surfaceReference &to, cudaArray_const_t array) {
    cudaResourceDesc what{};
    what.resType = cudaResourceTypeArray;
    what.res.array.array = const_cast<cudaArray_t>(array);
    return cudaCreateSurfaceObject(&to.bound, &what);
}
inline cudaError_t cudaBindSurfaceToArray(const surfaceReference &to, cudaArray_const_t array, const cudaChannelFormatDesc &) {
    return cudaBindSurfaceToArray(to, array);
}

#define HPCRAFT_CUDA_SURFACE(name, parameters, place)                                                                                \
    template <class T>                                                                                                               \
    inline T name##read(const surfaceReference &by, HPCRAFT_CUDA_SPREAD parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
        return name##read<T>(hpcraft_cuda::bound_of(by), HPCRAFT_CUDA_SPREAD place, mode);                                                             \
    }                                                                                                                                \
    template <class T>                                                                                                               \
    inline void name##read(                                                                                                          \
        T *to, const surfaceReference &by, HPCRAFT_CUDA_SPREAD parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {    \
        *to = name##read<T>(hpcraft_cuda::bound_of(by), HPCRAFT_CUDA_SPREAD place, mode);                                                              \
    }                                                                                                                                \
    template <class T>                                                                                                               \
    inline void name##write(                                                                                                         \
        T value, const surfaceReference &by, HPCRAFT_CUDA_SPREAD parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {  \
        name##write<T>(value, hpcraft_cuda::bound_of(by), HPCRAFT_CUDA_SPREAD place, mode);                                                            \
    }
#define HPCRAFT_CUDA_SPREAD(...) __VA_ARGS__
HPCRAFT_CUDA_SURFACE(surf1D, (int x), (x))
HPCRAFT_CUDA_SURFACE(surf2D, (int x, int y), (x, y))
HPCRAFT_CUDA_SURFACE(surf3D, (int x, int y, int z), (x, y, z))
#undef HPCRAFT_CUDA_SURFACE
#undef HPCRAFT_CUDA_SPREAD
