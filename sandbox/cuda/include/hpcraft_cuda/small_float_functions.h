// The functions of a type of 16 bits and of its pair: read once for halves and once for bfloat16, after small_float_type.h, with
// HPCRAFT_NAME (half or bfloat16) defined as well. Arithmetic is done in float or double and rounded once: both have more than
// twice the digits, so that the second rounding changes nothing.

#define HPCRAFT_JOIN_(a, b, c) a##b##c
#define HPCRAFT_JOIN(a, b, c) HPCRAFT_JOIN_(a, b, c)
#define HPCRAFT_N(before, after) HPCRAFT_JOIN(before, HPCRAFT_NAME, after)

namespace hpcraft_cuda {
inline bool is_nan(HPCRAFT_T a) { return (a.__x & 0x7fffu) > HPCRAFT_FORMAT::infinity; }
// -0 is less than +0; a NaN gives way to the other one.
inline HPCRAFT_T lesser(HPCRAFT_T a, HPCRAFT_T b) {
    if (is_nan(a)) return is_nan(b) ? small<HPCRAFT_T>(SMALL_NAN) : b;
    if (is_nan(b)) return a;
    const float x = a, y = b;
    return x < y || (x == y && a.__x & 0x8000u) ? a : b;
}
inline HPCRAFT_T greater(HPCRAFT_T a, HPCRAFT_T b) {
    if (is_nan(a)) return is_nan(b) ? small<HPCRAFT_T>(SMALL_NAN) : b;
    if (is_nan(b)) return a;
    const float x = a, y = b;
    return x > y || (x == y && b.__x & 0x8000u) ? a : b;
}
}  // namespace hpcraft_cuda

// --- conversions
inline HPCRAFT_T HPCRAFT_N(__double2, )(double x) { return x; }
inline HPCRAFT_T HPCRAFT_N(__float2, )(float x) { return x; }
inline HPCRAFT_T HPCRAFT_N(__float2, _rn)(float x) { return x; }
inline HPCRAFT_T HPCRAFT_N(__float2, _rz)(float x) { return ::hpcraft_cuda::small_from<HPCRAFT_T, HPCRAFT_FORMAT, ::hpcraft_cuda::Round::zero>(x); }
inline HPCRAFT_T HPCRAFT_N(__float2, _rd)(float x) { return ::hpcraft_cuda::small_from<HPCRAFT_T, HPCRAFT_FORMAT, ::hpcraft_cuda::Round::down>(x); }
inline HPCRAFT_T HPCRAFT_N(__float2, _ru)(float x) { return ::hpcraft_cuda::small_from<HPCRAFT_T, HPCRAFT_FORMAT, ::hpcraft_cuda::Round::up>(x); }
inline float HPCRAFT_N(__, 2float)(HPCRAFT_T a) { return a; }
#define HPCRAFT_CUDA_INTEGER_MODE(name, type, mode, whole, round)                                                                             \
    inline type HPCRAFT_N(__, 2##name##_##mode)(HPCRAFT_T a) { return ::hpcraft_cuda::saturated<type>(::std::whole(static_cast<float>(a))); } \
    inline HPCRAFT_T HPCRAFT_N(__##name##2, _##mode)(type x) {                                                                                \
        return ::hpcraft_cuda::small_from<HPCRAFT_T, HPCRAFT_FORMAT, ::hpcraft_cuda::Round::round>(::hpcraft_cuda::wide(x));                  \
    }
#define HPCRAFT_CUDA_INTEGER(name, type)                     \
    HPCRAFT_CUDA_INTEGER_MODE(name, type, rn, rint, nearest) \
    HPCRAFT_CUDA_INTEGER_MODE(name, type, rd, floor, down)   \
    HPCRAFT_CUDA_INTEGER_MODE(name, type, ru, ceil, up)      \
    HPCRAFT_CUDA_INTEGER_MODE(name, type, rz, trunc, zero)
HPCRAFT_CUDA_INTEGER(short, short)
HPCRAFT_CUDA_INTEGER(ushort, unsigned short)
HPCRAFT_CUDA_INTEGER(int, int)
HPCRAFT_CUDA_INTEGER(uint, unsigned int)
HPCRAFT_CUDA_INTEGER(ll, long long)
HPCRAFT_CUDA_INTEGER(ull, unsigned long long)
#undef HPCRAFT_CUDA_INTEGER
#undef HPCRAFT_CUDA_INTEGER_MODE
inline signed char HPCRAFT_N(__, 2char_rz)(HPCRAFT_T a) { return a; }
inline unsigned char HPCRAFT_N(__, 2uchar_rz)(HPCRAFT_T a) { return a; }
inline short HPCRAFT_N(__, _as_short)(HPCRAFT_T a) { return static_cast<short>(a.__x); }
inline unsigned short HPCRAFT_N(__, _as_ushort)(HPCRAFT_T a) { return a.__x; }
inline HPCRAFT_T HPCRAFT_N(__short_as_, )(short bits) { return ::hpcraft_cuda::small<HPCRAFT_T>(static_cast<unsigned short>(bits)); }
inline HPCRAFT_T HPCRAFT_N(__ushort_as_, )(unsigned short bits) { return ::hpcraft_cuda::small<HPCRAFT_T>(bits); }

inline HPCRAFT_P HPCRAFT_N(make_, 2)(HPCRAFT_T a, HPCRAFT_T b) { return HPCRAFT_P(a, b); }
inline HPCRAFT_P HPCRAFT_N(__float2, 2_rn)(float x) { return HPCRAFT_P(x, x); }
inline HPCRAFT_P HPCRAFT_N(__floats2, 2_rn)(float x, float y) { return HPCRAFT_P(x, y); }
inline HPCRAFT_P HPCRAFT_N(__float22, 2_rn)(float2 v) { return HPCRAFT_P(v.x, v.y); }
inline float2 HPCRAFT_N(__, 22float2)(HPCRAFT_P v) { return float2{v.x, v.y}; }
inline float __low2float(HPCRAFT_P v) { return v.x; }
inline float __high2float(HPCRAFT_P v) { return v.y; }
inline HPCRAFT_T HPCRAFT_N(__low2, )(HPCRAFT_P v) { return v.x; }
inline HPCRAFT_T HPCRAFT_N(__high2, )(HPCRAFT_P v) { return v.y; }
inline HPCRAFT_P HPCRAFT_N(__low2, 2)(HPCRAFT_P v) { return HPCRAFT_P(v.x, v.x); }
inline HPCRAFT_P HPCRAFT_N(__high2, 2)(HPCRAFT_P v) { return HPCRAFT_P(v.y, v.y); }
inline HPCRAFT_P HPCRAFT_N(__lows2, 2)(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(a.x, b.x); }
inline HPCRAFT_P HPCRAFT_N(__highs2, 2)(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(a.y, b.y); }
inline HPCRAFT_P HPCRAFT_JOIN(HPCRAFT_N(__, 2), HPCRAFT_NAME, 2)(HPCRAFT_T a) { return HPCRAFT_P(a, a); }
inline HPCRAFT_P HPCRAFT_N(__halves2, 2)(HPCRAFT_T a, HPCRAFT_T b) { return HPCRAFT_P(a, b); }
inline HPCRAFT_P __lowhigh2highlow(HPCRAFT_P v) { return HPCRAFT_P(v.y, v.x); }

// --- arithmetic
#define HPCRAFT_CUDA_BINARY(name, sign)                                                                                     \
    inline HPCRAFT_T __h##name(HPCRAFT_T a, HPCRAFT_T b) { return static_cast<float>(a) sign static_cast<float>(b); }       \
    inline HPCRAFT_T __h##name##_rn(HPCRAFT_T a, HPCRAFT_T b) { return __h##name(a, b); }                                   \
    inline HPCRAFT_T __h##name##_sat(HPCRAFT_T a, HPCRAFT_T b) {                                                            \
        return ::hpcraft_cuda::between_0_and_1(static_cast<float>(a) sign static_cast<float>(b));                           \
    }                                                                                                                       \
    inline HPCRAFT_P __h##name##2(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(__h##name(a.x, b.x), __h##name(a.y, b.y)); } \
    inline HPCRAFT_P __h##name##2_rn(HPCRAFT_P a, HPCRAFT_P b) { return __h##name##2(a, b); }                               \
    inline HPCRAFT_P __h##name##2_sat(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(__h##name##_sat(a.x, b.x), __h##name##_sat(a.y, b.y)); }
HPCRAFT_CUDA_BINARY(add, +)
HPCRAFT_CUDA_BINARY(sub, -)
HPCRAFT_CUDA_BINARY(mul, *)
#undef HPCRAFT_CUDA_BINARY
inline HPCRAFT_T __hdiv(HPCRAFT_T a, HPCRAFT_T b) { return static_cast<float>(a) / static_cast<float>(b); }
inline HPCRAFT_P __h2div(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(__hdiv(a.x, b.x), __hdiv(a.y, b.y)); }
inline HPCRAFT_T __hneg(HPCRAFT_T a) { return ::hpcraft_cuda::small<HPCRAFT_T>(a.__x ^ 0x8000u); }
inline HPCRAFT_T __habs(HPCRAFT_T a) { return ::hpcraft_cuda::small<HPCRAFT_T>(a.__x & 0x7fffu); }
inline HPCRAFT_P __hneg2(HPCRAFT_P v) { return HPCRAFT_P(__hneg(v.x), __hneg(v.y)); }
inline HPCRAFT_P __habs2(HPCRAFT_P v) { return HPCRAFT_P(__habs(v.x), __habs(v.y)); }
inline HPCRAFT_T __hfma(HPCRAFT_T a, HPCRAFT_T b, HPCRAFT_T c) {
    return ::hpcraft_cuda::multiply_add(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c));
}
inline HPCRAFT_T __hfma_sat(HPCRAFT_T a, HPCRAFT_T b, HPCRAFT_T c) {
    return ::hpcraft_cuda::between_0_and_1(::hpcraft_cuda::multiply_add(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c)));
}
inline HPCRAFT_T __hfma_relu(HPCRAFT_T a, HPCRAFT_T b, HPCRAFT_T c) {
    const HPCRAFT_T sum = __hfma(a, b, c);
    return static_cast<float>(sum) > 0 || ::hpcraft_cuda::is_nan(sum) ? sum : ::hpcraft_cuda::small<HPCRAFT_T>(0);
}
inline HPCRAFT_P __hfma2(HPCRAFT_P a, HPCRAFT_P b, HPCRAFT_P c) { return HPCRAFT_P(__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)); }
inline HPCRAFT_P __hfma2_sat(HPCRAFT_P a, HPCRAFT_P b, HPCRAFT_P c) { return HPCRAFT_P(__hfma_sat(a.x, b.x, c.x), __hfma_sat(a.y, b.y, c.y)); }
inline HPCRAFT_P __hfma2_relu(HPCRAFT_P a, HPCRAFT_P b, HPCRAFT_P c) { return HPCRAFT_P(__hfma_relu(a.x, b.x, c.x), __hfma_relu(a.y, b.y, c.y)); }
inline HPCRAFT_P __hcmadd(HPCRAFT_P a, HPCRAFT_P b, HPCRAFT_P c) {
    return HPCRAFT_P(__hfma(__hneg(a.y), b.y, __hfma(a.x, b.x, c.x)), __hfma(a.y, b.x, __hfma(a.x, b.y, c.y)));
}

// --- comparisons: false for a NaN, and with `u` true
inline bool __hisnan(HPCRAFT_T a) { return ::hpcraft_cuda::is_nan(a); }
inline int __hisinf(HPCRAFT_T a) { return a.__x == HPCRAFT_FORMAT::infinity ? 1 : a.__x == (0x8000u | HPCRAFT_FORMAT::infinity) ? -1 : 0; }
inline HPCRAFT_P __hisnan2(HPCRAFT_P v) { return HPCRAFT_P(__hisnan(v.x) ? 1.0f : 0.0f, __hisnan(v.y) ? 1.0f : 0.0f); }
#define HPCRAFT_CUDA_PAIRWISE(name)                                                                                                      \
    inline HPCRAFT_P name##2(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(name(a.x, b.x) ? 1.0f : 0.0f, name(a.y, b.y) ? 1.0f : 0.0f); } \
    inline unsigned int name##2_mask(HPCRAFT_P a, HPCRAFT_P b) { return (name(a.x, b.x) ? 0xffffu : 0) | (name(a.y, b.y) ? 0xffff0000u : 0); }
#define HPCRAFT_CUDA_COMPARE(name, sign)                                                                                     \
    inline bool __h##name(HPCRAFT_T a, HPCRAFT_T b) {                                                                        \
        return !::hpcraft_cuda::is_nan(a) && !::hpcraft_cuda::is_nan(b) && static_cast<float>(a) sign static_cast<float>(b); \
    }                                                                                                                        \
    inline bool __h##name##u(HPCRAFT_T a, HPCRAFT_T b) {                                                                     \
        return ::hpcraft_cuda::is_nan(a) || ::hpcraft_cuda::is_nan(b) || static_cast<float>(a) sign static_cast<float>(b);   \
    }                                                                                                                        \
    HPCRAFT_CUDA_PAIRWISE(__h##name)                                                                                         \
    HPCRAFT_CUDA_PAIRWISE(__h##name##u)                                                                                      \
    inline bool __hb##name##2(HPCRAFT_P a, HPCRAFT_P b) { return __h##name(a.x, b.x) && __h##name(a.y, b.y); }               \
    inline bool __hb##name##u2(HPCRAFT_P a, HPCRAFT_P b) { return __h##name##u(a.x, b.x) && __h##name##u(a.y, b.y); }
HPCRAFT_CUDA_COMPARE(eq, ==)
HPCRAFT_CUDA_COMPARE(ne, !=)
HPCRAFT_CUDA_COMPARE(lt, <)
HPCRAFT_CUDA_COMPARE(le, <=)
HPCRAFT_CUDA_COMPARE(gt, >)
HPCRAFT_CUDA_COMPARE(ge, >=)
#undef HPCRAFT_CUDA_COMPARE
#undef HPCRAFT_CUDA_PAIRWISE
#define HPCRAFT_CUDA_EXTREME(name, pick)                                                                                    \
    inline HPCRAFT_T __h##name(HPCRAFT_T a, HPCRAFT_T b) { return ::hpcraft_cuda::pick(a, b); }                             \
    inline HPCRAFT_T __h##name##_nan(HPCRAFT_T a, HPCRAFT_T b) {                                                            \
        const bool none = ::hpcraft_cuda::is_nan(a) || ::hpcraft_cuda::is_nan(b);                                           \
        return none ? ::hpcraft_cuda::small<HPCRAFT_T>(::hpcraft_cuda::SMALL_NAN) : ::hpcraft_cuda::pick(a, b);             \
    }                                                                                                                       \
    inline HPCRAFT_P __h##name##2(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(__h##name(a.x, b.x), __h##name(a.y, b.y)); } \
    inline HPCRAFT_P __h##name##2_nan(HPCRAFT_P a, HPCRAFT_P b) { return HPCRAFT_P(__h##name##_nan(a.x, b.x), __h##name##_nan(a.y, b.y)); }
HPCRAFT_CUDA_EXTREME(min, lesser)
HPCRAFT_CUDA_EXTREME(max, greater)
#undef HPCRAFT_CUDA_EXTREME

// --- functions
#define HPCRAFT_CUDA_FUNCTION(name, expression) \
    inline HPCRAFT_T h##name(HPCRAFT_T a) {     \
        const float x = a;                      \
        return expression;                      \
    }                                           \
    inline HPCRAFT_P h2##name(HPCRAFT_P v) { return HPCRAFT_P(h##name(v.x), h##name(v.y)); }
HPCRAFT_CUDA_FUNCTION(ceil, ::std::ceil(x))
HPCRAFT_CUDA_FUNCTION(floor, ::std::floor(x))
HPCRAFT_CUDA_FUNCTION(trunc, ::std::trunc(x))
HPCRAFT_CUDA_FUNCTION(rint, ::std::rint(x))
HPCRAFT_CUDA_FUNCTION(sqrt, ::std::sqrt(x))
HPCRAFT_CUDA_FUNCTION(rsqrt, 1.0 / ::std::sqrt(static_cast<double>(x)))
HPCRAFT_CUDA_FUNCTION(rcp, 1.0f / x)
HPCRAFT_CUDA_FUNCTION(exp, ::std::exp(x))
HPCRAFT_CUDA_FUNCTION(exp2, ::std::exp2(x))
HPCRAFT_CUDA_FUNCTION(exp10, ::exp10f(x))
HPCRAFT_CUDA_FUNCTION(log, ::std::log(x))
HPCRAFT_CUDA_FUNCTION(log2, ::std::log2(x))
HPCRAFT_CUDA_FUNCTION(log10, ::std::log10(x))
HPCRAFT_CUDA_FUNCTION(sin, ::std::sin(x))
HPCRAFT_CUDA_FUNCTION(cos, ::std::cos(x))
HPCRAFT_CUDA_FUNCTION(tanh, ::std::tanh(x))
HPCRAFT_CUDA_FUNCTION(tanh_approx, ::std::tanh(x))
#undef HPCRAFT_CUDA_FUNCTION

// --- operators
#define HPCRAFT_CUDA_OPERATORS(type, add, sub, mul, div, neg, eq, ne, lt, le, gt, ge) \
    inline type operator+(const type &a, const type &b) { return add(a, b); }         \
    inline type operator-(const type &a, const type &b) { return sub(a, b); }         \
    inline type operator*(const type &a, const type &b) { return mul(a, b); }         \
    inline type operator/(const type &a, const type &b) { return div(a, b); }         \
    inline type &operator+=(type &a, const type &b) { return a = add(a, b); }         \
    inline type &operator-=(type &a, const type &b) { return a = sub(a, b); }         \
    inline type &operator*=(type &a, const type &b) { return a = mul(a, b); }         \
    inline type &operator/=(type &a, const type &b) { return a = div(a, b); }         \
    inline type operator+(const type &a) { return a; }                                \
    inline type operator-(const type &a) { return neg(a); }                           \
    inline bool operator==(const type &a, const type &b) { return eq(a, b); }         \
    inline bool operator!=(const type &a, const type &b) { return ne(a, b); }         \
    inline bool operator<(const type &a, const type &b) { return lt(a, b); }          \
    inline bool operator<=(const type &a, const type &b) { return le(a, b); }         \
    inline bool operator>(const type &a, const type &b) { return gt(a, b); }          \
    inline bool operator>=(const type &a, const type &b) { return ge(a, b); }
#if !defined(__CUDA_NO_HALF_OPERATORS__)
HPCRAFT_CUDA_OPERATORS(HPCRAFT_T, __hadd, __hsub, __hmul, __hdiv, __hneg, __heq, __hneu, __hlt, __hle, __hgt, __hge)
inline HPCRAFT_T &operator++(HPCRAFT_T &a) { return a = __hadd(a, HPCRAFT_T(1.0f)); }
inline HPCRAFT_T &operator--(HPCRAFT_T &a) { return a = __hsub(a, HPCRAFT_T(1.0f)); }
inline HPCRAFT_T operator++(HPCRAFT_T &a, int) {
    const HPCRAFT_T before = a;
    ++a;
    return before;
}
inline HPCRAFT_T operator--(HPCRAFT_T &a, int) {
    const HPCRAFT_T before = a;
    --a;
    return before;
}
#endif
#if !defined(__CUDA_NO_HALF2_OPERATORS__)
HPCRAFT_CUDA_OPERATORS(HPCRAFT_P, __hadd2, __hsub2, __hmul2, __h2div, __hneg2, __hbeq2, __hbneu2, __hblt2, __hble2, __hbgt2, __hbge2)
#endif
#undef HPCRAFT_CUDA_OPERATORS

// --- atomics: each half of a pair by itself, as the device promises no more
inline HPCRAFT_T atomicAdd(HPCRAFT_T *at, HPCRAFT_T value) {
    unsigned short before = __atomic_load_n(&at->__x, __ATOMIC_RELAXED);
    for (;;) {
        const HPCRAFT_T after = __hadd(::hpcraft_cuda::small<HPCRAFT_T>(before), value);
        if (__atomic_compare_exchange_n(&at->__x, &before, after.__x, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return ::hpcraft_cuda::small<HPCRAFT_T>(before);
    }
}
inline HPCRAFT_P atomicAdd(HPCRAFT_P *at, HPCRAFT_P value) {
    const HPCRAFT_T low = atomicAdd(&at->x, value.x);
    return HPCRAFT_P(low, atomicAdd(&at->y, value.y));
}

#undef HPCRAFT_N
#undef HPCRAFT_JOIN
#undef HPCRAFT_JOIN_
