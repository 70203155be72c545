// CUDA's mathematical functions beyond those of C++, the approximate ones, and min and max. What `<cmath>` has comes from there: the
// overloads for float stand in the global namespace as under nvcc. Functions that a device only approximates are the accurate
// ones here, which lies within the errors that CUDA documents, not the same last bits.
#pragma once

#include <math.h>
#include <stdlib.h>

#include <cmath>

namespace hpcraft_cuda {

// In math_special.h: computed in double (or wider), good to the last places of a double.
inline double erfc_inverse(double x);
inline double erf_inverse(double x);
inline double erfc_scaled(double x);
inline double bessel_i0(double x);
inline double bessel_i1(double x);

template <class Real>
inline Real sine_of_pi(Real x) {
    if (x != x || x - x != 0) return x - x;
    const Real turns = std::rint(2 * x), rest = x - turns / 2;  // exact, |rest| <= 1/4
    const int quarter = static_cast<int>(turns - 4 * std::floor(turns / 4));
    const Real angle = static_cast<Real>(M_PI) * rest;
    if (rest == 0 && quarter % 2 == 0) return std::copysign(Real{0}, x);
    const Real value = quarter % 2 ? std::cos(angle) : std::sin(angle);
    return quarter >= 2 ? -value : value;
}
template <class Real>
inline Real cosine_of_pi(Real x) {
    if (x != x || x - x != 0) return x - x;
    const Real turns = std::rint(2 * x), rest = x - turns / 2;
    const int quarter = static_cast<int>(turns - 4 * std::floor(turns / 4));
    const Real angle = static_cast<Real>(M_PI) * rest;
    if (rest == 0 && quarter % 2 == 1) return Real{0};
    const Real value = quarter % 2 ? std::sin(angle) : std::cos(angle);
    return quarter == 1 || quarter == 2 ? -value : value;
}

// Neither overflow nor underflow on the way: the exponents of long double are wider.
template <class Real>
inline Real euclidean(int count, const Real *at) {
    long double sum = 0;
    for (int i = 0; i < count; ++i) {
        if (std::isinf(at[i])) return static_cast<Real>(INFINITY);
        sum += static_cast<long double>(at[i]) * at[i];
    }
    return static_cast<Real>(std::sqrt(sum));
}
template <class Real, class... Reals>
inline Real euclidean_of(Reals... values) {
    const Real all[] = {values...};
    return euclidean<Real>(static_cast<int>(sizeof...(values)), all);
}

}  // namespace hpcraft_cuda

// Newer C libraries have some of the names themselves.
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 41)
inline float sinpi(float x) { return sinpif(x); }
inline float cospi(float x) { return cospif(x); }
#else
inline double sinpi(double x) { return ::hpcraft_cuda::sine_of_pi(x); }
inline double cospi(double x) { return ::hpcraft_cuda::cosine_of_pi(x); }
inline float sinpif(float x) { return ::hpcraft_cuda::sine_of_pi(x); }
inline float cospif(float x) { return ::hpcraft_cuda::cosine_of_pi(x); }
inline float sinpi(float x) { return sinpif(x); }
inline float cospi(float x) { return cospif(x); }
#endif
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 42)
inline float rsqrt(float x) { return rsqrtf(x); }
#else
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float rsqrtf(float x) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))); }
inline float rsqrt(float x) { return rsqrtf(x); }
#endif

inline double rcbrt(double x) { return 1.0 / std::cbrt(x); }
inline double erfinv(double x) { return ::hpcraft_cuda::erf_inverse(x); }
inline double erfcinv(double x) { return ::hpcraft_cuda::erfc_inverse(x); }
inline double erfcx(double x) { return ::hpcraft_cuda::erfc_scaled(x); }
inline double normcdf(double x) { return static_cast<double>(0.5L * std::erfc(-static_cast<long double>(x) * 0.70710678118654752440L)); }
inline double normcdfinv(double x) { return -M_SQRT2 * ::hpcraft_cuda::erfc_inverse(2 * x); }
inline double cyl_bessel_i0(double x) { return ::hpcraft_cuda::bessel_i0(x); }
inline double cyl_bessel_i1(double x) { return ::hpcraft_cuda::bessel_i1(x); }

#define HPCRAFT_CUDA_FLOAT(name)                                                                   \
    inline float name##f(float x) { return static_cast<float>(name(static_cast<double>(x))); }     \
    inline float name(float x) { return name##f(x); }
HPCRAFT_CUDA_FLOAT(rcbrt)
HPCRAFT_CUDA_FLOAT(erfinv)
HPCRAFT_CUDA_FLOAT(erfcinv)
HPCRAFT_CUDA_FLOAT(erfcx)
HPCRAFT_CUDA_FLOAT(normcdf)
HPCRAFT_CUDA_FLOAT(normcdfinv)
HPCRAFT_CUDA_FLOAT(cyl_bessel_i0)
HPCRAFT_CUDA_FLOAT(cyl_bessel_i1)
#undef HPCRAFT_CUDA_FLOAT

inline float exp10(float x) { return exp10f(x); }
inline float j0(float x) { return j0f(x); }
inline float j1(float x) { return j1f(x); }
inline float jn(int n, float x) { return jnf(n, x); }
inline float y0(float x) { return y0f(x); }
inline float y1(float x) { return y1f(x); }
inline float yn(int n, float x) { return ynf(n, x); }
inline void sincos(float x, float *sine, float *cosine) { sincosf(x, sine, cosine); }
inline void sincospif(float x, float *sine, float *cosine) {
    *sine = sinpif(x);
    *cosine = cospif(x);
}
inline void sincospi(double x, double *sine, double *cosine) {
    *sine = sinpi(x);
    *cosine = cospi(x);
}
inline void sincospi(float x, float *sine, float *cosine) { sincospif(x, sine, cosine); }
inline float fdividef(float x, float y) { return x / y; }
inline double fdivide(double x, double y) { return x / y; }

inline double norm(int count, const double *at) { return ::hpcraft_cuda::euclidean(count, at); }
inline float normf(int count, const float *at) { return ::hpcraft_cuda::euclidean(count, at); }
inline double rnorm(int count, const double *at) { return 1 / norm(count, at); }
inline float rnormf(int count, const float *at) { return 1 / normf(count, at); }
inline double norm3d(double a, double b, double c) { return ::hpcraft_cuda::euclidean_of<double>(a, b, c); }
inline double norm4d(double a, double b, double c, double d) { return ::hpcraft_cuda::euclidean_of<double>(a, b, c, d); }
inline float norm3df(float a, float b, float c) { return ::hpcraft_cuda::euclidean_of<float>(a, b, c); }
inline float norm4df(float a, float b, float c, float d) { return ::hpcraft_cuda::euclidean_of<float>(a, b, c, d); }
inline double rnorm3d(double a, double b, double c) { return 1 / norm3d(a, b, c); }
inline double rnorm4d(double a, double b, double c, double d) { return 1 / norm4d(a, b, c, d); }
inline float rnorm3df(float a, float b, float c) { return 1 / norm3df(a, b, c); }
inline float rnorm4df(float a, float b, float c, float d) { return 1 / norm4df(a, b, c, d); }
inline double rhypot(double x, double y) { return 1 / std::hypot(x, y); }
inline float rhypotf(float x, float y) { return 1 / std::hypot(x, y); }

// The approximate ones. The C library declares some of these names with C's linkage, so they all have it.
extern "C" {
inline float __sinf(float x) noexcept { return std::sin(x); }
inline float __cosf(float x) noexcept { return std::cos(x); }
inline float __tanf(float x) noexcept { return std::tan(x); }
inline float __tanhf(float x) noexcept { return std::tanh(x); }
inline float __expf(float x) noexcept { return std::exp(x); }
inline float __exp10f(float x) noexcept { return exp10f(x); }
inline float __logf(float x) noexcept { return std::log(x); }
inline float __log2f(float x) noexcept { return std::log2(x); }
inline float __log10f(float x) noexcept { return std::log10(x); }
// As the device computes it: not a number for negative x.
inline float __powf(float x, float y) noexcept { return std::exp2(y * std::log2(x)); }
inline void __sincosf(float x, float *sine, float *cosine) noexcept {
    *sine = std::sin(x);
    *cosine = std::cos(x);
}
}
// Divisors above 2^126 are beyond the device's approximation: it gives 0, and not a number for an infinite x.
inline float __fdividef(float x, float y) {
    const float size = std::fabs(y);
    if (size > 0x1p126f && size < INFINITY) return std::isinf(x) || x != x ? NAN : std::copysign(0.0f, x) * std::copysign(1.0f, y);
    return x / y;
}
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }

#define HPCRAFT_CUDA_MIN_MAX(a_type, b_type, type)            \
    inline constexpr type min(a_type x, b_type y) {           \
        const type a = static_cast<type>(x);                  \
        const type b = static_cast<type>(y);                  \
        return b < a ? b : a;                                 \
    }                                                         \
    inline constexpr type max(a_type x, b_type y) {           \
        const type a = static_cast<type>(x);                  \
        const type b = static_cast<type>(y);                  \
        return a < b ? b : a;                                 \
    }
#define HPCRAFT_CUDA_MIXED(s, u)      \
    HPCRAFT_CUDA_MIN_MAX(s, s, s)     \
    HPCRAFT_CUDA_MIN_MAX(u, u, u)     \
    HPCRAFT_CUDA_MIN_MAX(s, u, u)     \
    HPCRAFT_CUDA_MIN_MAX(u, s, u)
HPCRAFT_CUDA_MIXED(int, unsigned int)
HPCRAFT_CUDA_MIXED(long, unsigned long)
HPCRAFT_CUDA_MIXED(long long, unsigned long long)
#undef HPCRAFT_CUDA_MIXED
#undef HPCRAFT_CUDA_MIN_MAX
// A NaN gives way to the other one.
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }
inline double min(float a, double b) { return std::fmin(static_cast<double>(a), b); }
inline double max(float a, double b) { return std::fmax(static_cast<double>(a), b); }
inline double min(double a, float b) { return std::fmin(a, static_cast<double>(b)); }
inline double max(double a, float b) { return std::fmax(a, static_cast<double>(b)); }

inline unsigned int umin(unsigned int a, unsigned int b) { return min(a, b); }
inline unsigned int umax(unsigned int a, unsigned int b) { return max(a, b); }
inline long long llmin(long long a, long long b) { return min(a, b); }
inline long long llmax(long long a, long long b) { return max(a, b); }
inline unsigned long long ullmin(unsigned long long a, unsigned long long b) { return min(a, b); }
inline unsigned long long ullmax(unsigned long long a, unsigned long long b) { return max(a, b); }

#include "hpcraft_cuda/math_special.h"
