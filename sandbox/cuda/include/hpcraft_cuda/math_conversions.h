// From floating point to integers as the device does it (values out of range go to the nearest end), and the same bits as another type.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace hpcraft_cuda {

template <class To, class From>
inline To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

// What a NaN becomes: 0 where neither side is 64 bits wide, else the topmost bit alone.
template <class Integer, class Real>
constexpr Integer integer_of_nan() {
    using Bits = std::make_unsigned_t<Integer>;
    if (sizeof(Integer) < 8 && sizeof(Real) < 8) return 0;
    return static_cast<Integer>(static_cast<Bits>(Bits{1} << (sizeof(Integer) * 8 - 1)));
}

// `whole` is already rounded.
template <class Integer, class Real>
inline Integer saturated(Real whole) {
    constexpr Real end = static_cast<Real>(std::numeric_limits<Integer>::max() / 2 + 1) * 2;
    if (whole != whole) return integer_of_nan<Integer, Real>();
    if (whole >= end) return std::numeric_limits<Integer>::max();
    if (whole < static_cast<Real>(std::numeric_limits<Integer>::min())) return std::numeric_limits<Integer>::min();
    return static_cast<Integer>(whole);
}

}  // namespace hpcraft_cuda

#define HPCRAFT_CUDA_TO_INTEGER(from, real, to, integer)                                                                      \
    inline integer __##from##2##to##_rn(real x) { return ::hpcraft_cuda::saturated<integer>(std::rint(x)); }                  \
    inline integer __##from##2##to##_rd(real x) { return ::hpcraft_cuda::saturated<integer>(std::floor(x)); }                 \
    inline integer __##from##2##to##_ru(real x) { return ::hpcraft_cuda::saturated<integer>(std::ceil(x)); }                  \
    inline integer __##from##2##to##_rz(real x) { return ::hpcraft_cuda::saturated<integer>(std::trunc(x)); }

HPCRAFT_CUDA_TO_INTEGER(float, float, int, int)
HPCRAFT_CUDA_TO_INTEGER(float, float, uint, unsigned int)
HPCRAFT_CUDA_TO_INTEGER(float, float, ll, long long)
HPCRAFT_CUDA_TO_INTEGER(float, float, ull, unsigned long long)
HPCRAFT_CUDA_TO_INTEGER(double, double, int, int)
HPCRAFT_CUDA_TO_INTEGER(double, double, uint, unsigned int)
HPCRAFT_CUDA_TO_INTEGER(double, double, ll, long long)
HPCRAFT_CUDA_TO_INTEGER(double, double, ull, unsigned long long)
#undef HPCRAFT_CUDA_TO_INTEGER

inline int __float_as_int(float x) { return ::hpcraft_cuda::same_bits<int>(x); }
inline unsigned int __float_as_uint(float x) { return ::hpcraft_cuda::same_bits<unsigned int>(x); }
inline float __int_as_float(int x) { return ::hpcraft_cuda::same_bits<float>(x); }
inline float __uint_as_float(unsigned int x) { return ::hpcraft_cuda::same_bits<float>(x); }
inline long long __double_as_longlong(double x) { return ::hpcraft_cuda::same_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return ::hpcraft_cuda::same_bits<double>(x); }
inline double __hiloint2double(int high, int low) {
    const unsigned long long bits = static_cast<unsigned long long>(static_cast<unsigned>(high)) << 32 | static_cast<unsigned>(low);
    return ::hpcraft_cuda::same_bits<double>(bits);
}
inline int __double2hiint(double x) { return static_cast<int>(::hpcraft_cuda::same_bits<unsigned long long>(x) >> 32); }
inline int __double2loint(double x) { return static_cast<int>(::hpcraft_cuda::same_bits<unsigned long long>(x) & 0xffffffffu); }
