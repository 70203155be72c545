// Integer intrinsics: bits, high products, sums of differences, bytes, funnel shifts, dot products.
#pragma once

#include "vector_types.h"

inline int __popc(unsigned int x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(static_cast<unsigned>(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(static_cast<unsigned long long>(x)) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned int __brev(unsigned int x) {
    x = (x & 0x55555555u) << 1 | (x >> 1 & 0x55555555u);
    x = (x & 0x33333333u) << 2 | (x >> 2 & 0x33333333u);
    x = (x & 0x0f0f0f0fu) << 4 | (x >> 4 & 0x0f0f0f0fu);
    return __builtin_bswap32(x);
}
inline unsigned long long __brevll(unsigned long long x) {
    return static_cast<unsigned long long>(__brev(static_cast<unsigned>(x))) << 32 | __brev(static_cast<unsigned>(x >> 32));
}
// The position of the n-th set bit from `base` on, upwards for n > 0 and downwards for n < 0; all ones when there is none.
inline unsigned int __fns(unsigned int mask, unsigned int base, int offset) {
    if (offset == 0) return mask >> (base & 31) & 1 ? base & 31 : ~0u;
    const int step = offset > 0 ? 1 : -1;
    int left = offset > 0 ? offset : -offset;
    for (int at = static_cast<int>(base & 31); at >= 0 && at < 32; at += step)
        if (mask >> at & 1 && --left == 0) return static_cast<unsigned>(at);
    return ~0u;
}

inline int __mulhi(int x, int y) { return static_cast<int>(static_cast<long long>(x) * y >> 32); }
inline unsigned int __umulhi(unsigned int x, unsigned int y) { return static_cast<unsigned>(static_cast<unsigned long long>(x) * y >> 32); }
inline long long __mul64hi(long long x, long long y) { return static_cast<long long>(static_cast<__int128>(x) * y >> 64); }
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
    return static_cast<unsigned long long>(static_cast<unsigned __int128>(x) * y >> 64);
}
// The low 24 bits of each, signed and not; the low 32 bits of the product.
inline int __mul24(int x, int y) {
    const long long a = static_cast<int>(static_cast<unsigned>(x) << 8) >> 8, b = static_cast<int>(static_cast<unsigned>(y) << 8) >> 8;
    return static_cast<int>(a * b);
}
inline unsigned int __umul24(unsigned int x, unsigned int y) { return (x & 0xffffffu) * (y & 0xffffffu); }

inline unsigned int __sad(int x, int y, unsigned int z) {
    return z + (x < y ? static_cast<unsigned>(y) - static_cast<unsigned>(x) : static_cast<unsigned>(x) - static_cast<unsigned>(y));
}
inline unsigned int __usad(unsigned int x, unsigned int y, unsigned int z) { return z + (x < y ? y - x : x - y); }
inline int __hadd(int x, int y) { return static_cast<int>((static_cast<long long>(x) + y) >> 1); }
inline int __rhadd(int x, int y) { return static_cast<int>((static_cast<long long>(x) + y + 1) >> 1); }
inline unsigned int __uhadd(unsigned int x, unsigned int y) { return static_cast<unsigned>((static_cast<unsigned long long>(x) + y) >> 1); }
inline unsigned int __urhadd(unsigned int x, unsigned int y) {
    return static_cast<unsigned>((static_cast<unsigned long long>(x) + y + 1) >> 1);
}

// Bit 3 of a selector spreads the sign of the byte, as the device's instruction does.
inline unsigned int __byte_perm(unsigned int x, unsigned int y, unsigned int s) {
    const unsigned long long both = static_cast<unsigned long long>(y) << 32 | x;
    unsigned int result = 0;
    for (int i = 0; i < 4; ++i) {
        const unsigned selector = s >> 4 * i & 15u;
        unsigned byte = static_cast<unsigned>(both >> 8 * (selector & 7u)) & 0xffu;
        if (selector & 8u) byte = byte & 0x80u ? 0xffu : 0;
        result |= byte << 8 * i;
    }
    return result;
}

namespace hpcraft_cuda {
inline unsigned long long joined(unsigned int low, unsigned int high) { return static_cast<unsigned long long>(high) << 32 | low; }
}  // namespace hpcraft_cuda
inline unsigned int __funnelshift_l(unsigned int low, unsigned int high, unsigned int shift) {
    return static_cast<unsigned>(::hpcraft_cuda::joined(low, high) << (shift & 31u) >> 32);
}
inline unsigned int __funnelshift_lc(unsigned int low, unsigned int high, unsigned int shift) {
    return static_cast<unsigned>(::hpcraft_cuda::joined(low, high) << (shift < 32 ? shift : 32) >> 32);
}
inline unsigned int __funnelshift_r(unsigned int low, unsigned int high, unsigned int shift) {
    return static_cast<unsigned>(::hpcraft_cuda::joined(low, high) >> (shift & 31u));
}
inline unsigned int __funnelshift_rc(unsigned int low, unsigned int high, unsigned int shift) {
    return static_cast<unsigned>(::hpcraft_cuda::joined(low, high) >> (shift < 32 ? shift : 32));
}

inline int __dp4a(char4 a, char4 b, int c) {
    return static_cast<int>(static_cast<unsigned>(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w) + static_cast<unsigned>(c));
}
inline unsigned int __dp4a(uchar4 a, uchar4 b, unsigned int c) {
    return static_cast<unsigned>(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w) + c;
}
inline int __dp4a(int a, int b, int c) {
    return __dp4a(__builtin_bit_cast(char4, a), __builtin_bit_cast(char4, b), c);
}
inline unsigned int __dp4a(unsigned int a, unsigned int b, unsigned int c) {
    return __dp4a(__builtin_bit_cast(uchar4, a), __builtin_bit_cast(uchar4, b), c);
}
inline int __dp2a_lo(short2 a, char4 b, int c) {
    return static_cast<int>(static_cast<unsigned>(a.x * b.x + a.y * b.y) + static_cast<unsigned>(c));
}
inline int __dp2a_hi(short2 a, char4 b, int c) {
    return static_cast<int>(static_cast<unsigned>(a.x * b.z + a.y * b.w) + static_cast<unsigned>(c));
}
inline unsigned int __dp2a_lo(ushort2 a, uchar4 b, unsigned int c) { return static_cast<unsigned>(a.x * b.x + a.y * b.y) + c; }
inline unsigned int __dp2a_hi(ushort2 a, uchar4 b, unsigned int c) { return static_cast<unsigned>(a.x * b.z + a.y * b.w) + c; }
inline int __dp2a_lo(int a, int b, int c) { return __dp2a_lo(__builtin_bit_cast(short2, a), __builtin_bit_cast(char4, b), c); }
inline int __dp2a_hi(int a, int b, int c) { return __dp2a_hi(__builtin_bit_cast(short2, a), __builtin_bit_cast(char4, b), c); }
inline unsigned int __dp2a_lo(unsigned int a, unsigned int b, unsigned int c) {
    return __dp2a_lo(__builtin_bit_cast(ushort2, a), __builtin_bit_cast(uchar4, b), c);
}
inline unsigned int __dp2a_hi(unsigned int a, unsigned int b, unsigned int c) {
    return __dp2a_hi(__builtin_bit_cast(ushort2, a), __builtin_bit_cast(uchar4, b), c);
}
