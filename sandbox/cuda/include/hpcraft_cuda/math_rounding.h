// Arithmetic in the four rounding modes: `__fadd_rz`, `__dmul_ru`, `__fmaf_rd`, `__frcp_rn` ... Exact, by the processor's own modes.
#pragma once

#include <cmath>
#if !defined(__SSE2__)
#include <cfenv>
#endif

namespace hpcraft_cuda {

enum class Round : unsigned char { nearest, down, up, zero };

// The rounding mode of this OS thread, for the time that it lives. No device thread waits meanwhile.
template <Round MODE>
class Rounding {
public:
#if defined(__SSE2__)
    Rounding() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr((before_ & ~0x6000u) | static_cast<unsigned>(MODE) << 13); }
    ~Rounding() { __builtin_ia32_ldmxcsr(before_); }

private:
    unsigned before_;
#else
    Rounding() : before_(std::fegetround()) {
        constexpr int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
        std::fesetround(modes[static_cast<int>(MODE)]);
    }
    ~Rounding() { std::fesetround(before_); }

private:
    int before_;
#endif
public:
    Rounding(const Rounding &) = delete;
    Rounding &operator=(const Rounding &) = delete;
};

// Compilers take the mode for granted: a value that goes through here is neither computed before nor known.
template <class T>
inline void hold(T &value) {
    asm volatile("" : "+m"(value));
}

template <Round MODE, class Operation, class... Values>
inline auto rounded(Operation operation, Values... values) {
    if constexpr (MODE == Round::nearest) {
        return operation(values...);
    } else {
        const Rounding<MODE> mode;
        (hold(values), ...);
        auto result = operation(values...);
        hold(result);
        return result;
    }
}

template <Round MODE, class To, class From>
inline To converted(From value) {
    return rounded<MODE>([](From held) { return static_cast<To>(held); }, value);
}

}  // namespace hpcraft_cuda

#define HPCRAFT_CUDA_ROUNDED(suffix, mode)                                                                                               \
    inline float __fadd_##suffix(float x, float y) { return ::hpcraft_cuda::rounded<mode>([](float a, float b) { return a + b; }, x, y); } \
    inline float __fsub_##suffix(float x, float y) { return ::hpcraft_cuda::rounded<mode>([](float a, float b) { return a - b; }, x, y); } \
    inline float __fmul_##suffix(float x, float y) { return ::hpcraft_cuda::rounded<mode>([](float a, float b) { return a * b; }, x, y); } \
    inline float __fdiv_##suffix(float x, float y) { return ::hpcraft_cuda::rounded<mode>([](float a, float b) { return a / b; }, x, y); } \
    inline float __frcp_##suffix(float x) { return ::hpcraft_cuda::rounded<mode>([](float a) { return 1.0f / a; }, x); }                   \
    inline float __fsqrt_##suffix(float x) { return ::hpcraft_cuda::rounded<mode>([](float a) { return __builtin_sqrtf(a); }, x); }        \
    inline float __fmaf_##suffix(float x, float y, float z) {                                                                            \
        return ::hpcraft_cuda::rounded<mode>([](float a, float b, float c) { return __builtin_fmaf(a, b, c); }, x, y, z);                \
    }                                                                                                                                    \
    inline float __fmaf_ieee_##suffix(float x, float y, float z) { return __fmaf_##suffix(x, y, z); }                                    \
    inline double __dadd_##suffix(double x, double y) {                                                                                  \
        return ::hpcraft_cuda::rounded<mode>([](double a, double b) { return a + b; }, x, y);                                            \
    }                                                                                                                                    \
    inline double __dsub_##suffix(double x, double y) {                                                                                  \
        return ::hpcraft_cuda::rounded<mode>([](double a, double b) { return a - b; }, x, y);                                            \
    }                                                                                                                                    \
    inline double __dmul_##suffix(double x, double y) {                                                                                  \
        return ::hpcraft_cuda::rounded<mode>([](double a, double b) { return a * b; }, x, y);                                            \
    }                                                                                                                                    \
    inline double __ddiv_##suffix(double x, double y) {                                                                                  \
        return ::hpcraft_cuda::rounded<mode>([](double a, double b) { return a / b; }, x, y);                                            \
    }                                                                                                                                    \
    inline double __drcp_##suffix(double x) { return ::hpcraft_cuda::rounded<mode>([](double a) { return 1.0 / a; }, x); }                \
    inline double __dsqrt_##suffix(double x) { return ::hpcraft_cuda::rounded<mode>([](double a) { return __builtin_sqrt(a); }, x); }     \
    inline double __fma_##suffix(double x, double y, double z) {                                                                         \
        return ::hpcraft_cuda::rounded<mode>([](double a, double b, double c) { return __builtin_fma(a, b, c); }, x, y, z);              \
    }                                                                                                                                    \
    inline float __double2float_##suffix(double x) { return ::hpcraft_cuda::converted<mode, float>(x); }                                 \
    inline float __int2float_##suffix(int x) { return ::hpcraft_cuda::converted<mode, float>(x); }                                       \
    inline float __uint2float_##suffix(unsigned x) { return ::hpcraft_cuda::converted<mode, float>(x); }                                 \
    inline float __ll2float_##suffix(long long x) { return ::hpcraft_cuda::converted<mode, float>(x); }                                  \
    inline float __ull2float_##suffix(unsigned long long x) { return ::hpcraft_cuda::converted<mode, float>(x); }                        \
    inline double __ll2double_##suffix(long long x) { return ::hpcraft_cuda::converted<mode, double>(x); }                               \
    inline double __ull2double_##suffix(unsigned long long x) { return ::hpcraft_cuda::converted<mode, double>(x); }

HPCRAFT_CUDA_ROUNDED(rn, ::hpcraft_cuda::Round::nearest)
HPCRAFT_CUDA_ROUNDED(rd, ::hpcraft_cuda::Round::down)
HPCRAFT_CUDA_ROUNDED(ru, ::hpcraft_cuda::Round::up)
HPCRAFT_CUDA_ROUNDED(rz, ::hpcraft_cuda::Round::zero)
#undef HPCRAFT_CUDA_ROUNDED

inline double __int2double_rn(int x) { return x; }
inline double __uint2double_rn(unsigned x) { return x; }
// 1 / sqrt(x), rounded once: the wider result is near enough to the true one.
inline float __frsqrt_rn(float x) { return static_cast<float>(1.0L / std::sqrt(static_cast<long double>(x))); }
