// make_int2, make_float4 and the others.
#pragma once

#define __VECTOR_FUNCTIONS_H__  // other headers ask for it

#include "vector_types.h"

#define HPCRAFT_CUDA_MAKE(name, type)                                                                                     \
    inline constexpr name##1 make_##name##1(type x) { return name##1{x}; }                                                \
    inline constexpr name##2 make_##name##2(type x, type y) { return name##2{x, y}; }                                     \
    inline constexpr name##3 make_##name##3(type x, type y, type z) { return name##3{x, y, z}; }                          \
    inline constexpr name##4 make_##name##4(type x, type y, type z, type w) { return name##4{x, y, z, w}; }

HPCRAFT_CUDA_MAKE(char, signed char)
HPCRAFT_CUDA_MAKE(uchar, unsigned char)
HPCRAFT_CUDA_MAKE(short, short)
HPCRAFT_CUDA_MAKE(ushort, unsigned short)
HPCRAFT_CUDA_MAKE(int, int)
HPCRAFT_CUDA_MAKE(uint, unsigned int)
HPCRAFT_CUDA_MAKE(long, long)
HPCRAFT_CUDA_MAKE(ulong, unsigned long)
HPCRAFT_CUDA_MAKE(longlong, long long)
HPCRAFT_CUDA_MAKE(ulonglong, unsigned long long)
HPCRAFT_CUDA_MAKE(float, float)
HPCRAFT_CUDA_MAKE(double, double)
#undef HPCRAFT_CUDA_MAKE
