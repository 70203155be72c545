// What a texture or a surface shows, and how one texel is read: by the formulas of CUDA's programming guide, with weights of 8 bits.
// The look-up is the hardware's on a device and so is left out of the checks; the load of an element isn't.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "hpcraft_cuda/unchecked.h"
#include "texture_types.h"
#include "vector_types.h"

struct cudaArray {
    cudaChannelFormatDesc desc;
    std::size_t width, height, depth;  // in elements; 0 where the array has fewer dimensions
    std::size_t pitch, slice;          // in bytes
    unsigned int flags;
    char *data;  // device memory
};

namespace hpcraft_cuda {

struct Texture {
    std::uint64_t mark;  // of one that is alive
    const char *data;
    long long size[3];  // in elements, at least 1
    std::size_t pitch, slice;
    cudaChannelFormatDesc format;
    cudaTextureDesc how;
    bool linear_memory;  // only tex1Dfetch reads it, and outside of it there are zeros
    bool layered;        // the last dimension counts layers
    cudaArray *array;
    static constexpr std::uint64_t ALIVE = 0x7e87'0b1e'c7a1'11feull;
};

// The four channels as a register holds them.
struct Texel {
    std::uint32_t bits[4];
};

HPCRAFT_CUDA_UNCHECKED inline int bytes_of(const cudaChannelFormatDesc &format) { return (format.x + format.y + format.z + format.w) / 8; }

[[noreturn]] void no_texture(const char *what);

HPCRAFT_CUDA_UNCHECKED inline const Texture &texture_of(unsigned long long handle) {
    const auto *found = reinterpret_cast<const Texture *>(handle);
    if (!found || found->mark != Texture::ALIVE) no_texture("a texture or surface object is used that does not exist, or no more");
    return *found;
}

template <class T>
inline T load(const char *at) {  // checked
    return *reinterpret_cast<const T *>(at);
}

HPCRAFT_CUDA_UNCHECKED inline float half_to_float(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ffu;
    if (!exponent) return (sign ? -1.0f : 1.0f) * std::ldexp(static_cast<float>(fraction), -24);
    const std::uint32_t made = sign | (exponent == 31 ? 255u << 23 : (exponent + 112) << 23) | fraction << 13;
    float value;
    std::memcpy(&value, &made, 4);
    return value;
}

HPCRAFT_CUDA_UNCHECKED inline std::uint32_t as_bits(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bits;
}
HPCRAFT_CUDA_UNCHECKED inline float as_float(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

HPCRAFT_CUDA_UNCHECKED inline std::uint32_t channel(const char *at, int bits, cudaChannelFormatKind kind, bool normalized) {
    const bool is_signed = kind == cudaChannelFormatKindSigned;
    if (bits == 8) {
        const std::uint8_t raw = load<std::uint8_t>(at);
        const int value = is_signed ? static_cast<std::int8_t>(raw) : raw;
        if (!normalized) return static_cast<std::uint32_t>(value);
        return as_bits(is_signed ? std::fmax(static_cast<float>(value) / 127.0f, -1.0f) : static_cast<float>(value) / 255.0f);
    }
    if (bits == 16) {
        const std::uint16_t raw = load<std::uint16_t>(at);
        if (kind == cudaChannelFormatKindFloat) return as_bits(half_to_float(raw));
        const int value = is_signed ? static_cast<std::int16_t>(raw) : raw;
        if (!normalized) return static_cast<std::uint32_t>(value);
        return as_bits(is_signed ? std::fmax(static_cast<float>(value) / 32767.0f, -1.0f) : static_cast<float>(value) / 65535.0f);
    }
    return load<std::uint32_t>(at);
}

HPCRAFT_CUDA_UNCHECKED inline Texel element(const Texture &from, long long x, long long y, long long z) {
    const cudaChannelFormatDesc &format = from.format;
    const char *at = from.data + static_cast<std::size_t>(z) * from.slice + static_cast<std::size_t>(y) * from.pitch +
                     static_cast<std::size_t>(x) * static_cast<std::size_t>(bytes_of(format));
    const bool normalized = from.how.readMode == cudaReadModeNormalizedFloat;
    const int widths[4] = {format.x, format.y, format.z, format.w};
    Texel found{};
    for (int i = 0; i < 4 && widths[i]; at += widths[i++] / 8) found.bits[i] = channel(at, widths[i], format.f, normalized);
    return found;
}

// The index that an address mode makes of one outside; -1 for the border.
HPCRAFT_CUDA_UNCHECKED inline long long addressed(long long index, long long size, cudaTextureAddressMode mode) {
    if (index >= 0 && index < size) return index;
    if (mode == cudaAddressModeBorder) return -1;
    if (mode == cudaAddressModeClamp) return index < 0 ? 0 : size - 1;
    const long long period = mode == cudaAddressModeWrap ? size : 2 * size;
    const long long inside = (index % period + period) % period;
    return inside < size ? inside : period - 1 - inside;
}

HPCRAFT_CUDA_UNCHECKED inline cudaTextureAddressMode mode_of(const Texture &from, int axis) {
    const cudaTextureAddressMode mode = from.how.addressMode[axis];
    const bool needs_normalized = mode == cudaAddressModeWrap || mode == cudaAddressModeMirror;
    return needs_normalized && !from.how.normalizedCoords ? cudaAddressModeClamp : mode;
}

HPCRAFT_CUDA_UNCHECKED inline long long to_index(double at) { return at < -1e15 ? -1000000000000000 : at > 1e15 ? 1000000000000000 : static_cast<long long>(at); }

HPCRAFT_CUDA_UNCHECKED inline Texel texel(const Texture &from, const long long (&index)[3], int axes) {
    long long at[3] = {index[0], index[1], index[2]};
    for (int axis = 0; axis < 3; ++axis) {
        if (axis < axes) at[axis] = addressed(index[axis], from.size[axis], mode_of(from, axis));
        if (at[axis] >= 0) continue;
        Texel border{};
        for (int i = 0; i < 4; ++i) border.bits[i] = as_bits(from.how.borderColor[i]);
        return border;
    }
    return element(from, at[0], at[1], at[2]);
}

// `axes` are looked up by coordinates, the rest stays the layer that it is.
HPCRAFT_CUDA_UNCHECKED inline Texel sample(const Texture &from, float x, float y, float z, int axes, int layer = 0) {
    const float given[3] = {x, y, z};
    const bool linear = from.how.filterMode == cudaFilterModeLinear;
    long long low[3] = {0, 0, 0};
    float weight[3] = {0, 0, 0};
    if (from.layered) low[axes] = layer < 0 ? 0 : layer < from.size[axes] ? layer : from.size[axes] - 1;
    for (int axis = 0; axis < axes; ++axis) {
        double at = given[axis];
        if (at != at) at = 0;
        if (from.how.normalizedCoords) at *= static_cast<double>(from.size[axis]);
        if (linear) at -= 0.5;
        const double floor = std::floor(at);
        low[axis] = to_index(floor);
        if (!linear) continue;
        weight[axis] = static_cast<float>(std::floor((at - floor) * 256.0 + 0.5) / 256.0);
    }
    if (!linear) return texel(from, low, axes);
    float sum[4] = {0, 0, 0, 0};
    for (int corner = 0; corner < 1 << axes; ++corner) {
        long long at[3] = {low[0], low[1], low[2]};
        float share = 1;
        for (int axis = 0; axis < axes; ++axis) {
            const bool high = corner >> axis & 1;
            at[axis] += high;
            share *= high ? weight[axis] : 1 - weight[axis];
        }
        if (share == 0) continue;
        const Texel part = texel(from, at, axes);
        for (int i = 0; i < 4; ++i) sum[i] += share * as_float(part.bits[i]);
    }
    Texel mixed;
    for (int i = 0; i < 4; ++i) mixed.bits[i] = as_bits(sum[i]);
    return mixed;
}

}  // namespace hpcraft_cuda
