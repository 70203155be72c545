// CUDA's vector types, with the sizes and alignments that nvcc gives them.
#pragma once

#define __VECTOR_TYPES_H__  // other headers ask for it
#define HPCRAFT_CUDA_VECTORS(name, type, align2, align4) \
    struct name##1 {                                     \
        type x;                                          \
    };                                                   \
    struct alignas(align2) name##2 {                     \
        type x, y;                                       \
    };                                                   \
    struct name##3 {                                     \
        type x, y, z;                                    \
    };                                                   \
    struct alignas(align4) name##4 {                     \
        type x, y, z, w;                                 \
    };

HPCRAFT_CUDA_VECTORS(char, signed char, 2, 4)
HPCRAFT_CUDA_VECTORS(uchar, unsigned char, 2, 4)
HPCRAFT_CUDA_VECTORS(short, short, 4, 8)
HPCRAFT_CUDA_VECTORS(ushort, unsigned short, 4, 8)
HPCRAFT_CUDA_VECTORS(int, int, 8, 16)
HPCRAFT_CUDA_VECTORS(uint, unsigned int, 8, 16)
HPCRAFT_CUDA_VECTORS(long, long, 16, 16)
HPCRAFT_CUDA_VECTORS(ulong, unsigned long, 16, 16)
HPCRAFT_CUDA_VECTORS(longlong, long long, 16, 16)
HPCRAFT_CUDA_VECTORS(ulonglong, unsigned long long, 16, 16)
HPCRAFT_CUDA_VECTORS(float, float, 8, 16)
HPCRAFT_CUDA_VECTORS(double, double, 16, 16)
#undef HPCRAFT_CUDA_VECTORS

struct dim3 {
    unsigned int x, y, z;
    constexpr dim3(unsigned int vx = 1, unsigned int vy = 1, unsigned int vz = 1) : x(vx), y(vy), z(vz) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
    constexpr operator uint3() const { return uint3{x, y, z}; }
};
