// Two halves or four bytes of a word at once (`__vadd2`, `__vcmpgtu4`, ...), and minima and maxima of three (`__vimax3_s32`, ...).
#pragma once

namespace hpcraft_cuda {

// `Lane` is signed char, unsigned char, short or unsigned short; operations see and return ints.
template <class Lane, class Operation, class... Words>
inline unsigned int lanewise(Operation operation, Words... words) {
    constexpr int bits = static_cast<int>(sizeof(Lane)) * 8;
    constexpr unsigned all = (1u << bits) - 1;
    unsigned result = 0;
    for (int at = 0; at < 32; at += bits) {
        const int value = operation(static_cast<int>(static_cast<Lane>(words >> at & all))...);
        result |= (static_cast<unsigned>(value) & all) << at;
    }
    return result;
}

template <class Lane>
constexpr int LEAST = static_cast<Lane>(-1) > 0 ? 0 : -(1 << (sizeof(Lane) * 8 - 1));
template <class Lane>
constexpr int MOST = LEAST<Lane> + static_cast<int>((1u << sizeof(Lane) * 8) - 1);

template <class Lane>
inline int clamped(int value) {
    return value < LEAST<Lane> ? LEAST<Lane> : value > MOST<Lane> ? MOST<Lane> : value;
}

template <class Lane>
inline unsigned int sum_of_differences(unsigned int a, unsigned int b) {
    unsigned sum = 0;
    for (unsigned at = 0; at < 32; at += sizeof(Lane) * 8) {
        const int difference = static_cast<int>(static_cast<Lane>(a >> at)) - static_cast<int>(static_cast<Lane>(b >> at));
        sum += static_cast<unsigned>(difference < 0 ? -difference : difference);
    }
    return sum;
}

template <class T>
constexpr T least(T a, T b) {
    return b < a ? b : a;
}
template <class T>
constexpr T most(T a, T b) {
    return a < b ? b : a;
}

}  // namespace hpcraft_cuda

#define HPCRAFT_CUDA_ONE(name, lane, expression) \
    inline unsigned int name(unsigned int x) { return ::hpcraft_cuda::lanewise<lane>([](int a) { return expression; }, x); }
#define HPCRAFT_CUDA_TWO(name, lane, expression)                                                       \
    inline unsigned int name(unsigned int x, unsigned int y) {                                         \
        return ::hpcraft_cuda::lanewise<lane>([](int a, int b) -> int { return expression; }, x, y);   \
    }
#define HPCRAFT_CUDA_COMPARE(what, suffix, lane, OP)                         \
    HPCRAFT_CUDA_TWO(__vcmp##what##suffix, lane, (a OP b) ? -1 : 0)          \
    HPCRAFT_CUDA_TWO(__vset##what##suffix, lane, a OP b)
#define HPCRAFT_CUDA_WIDTH(n, s, u)                                                                     \
    HPCRAFT_CUDA_ONE(__vabs##n, s, a < 0 ? -a : a)                                                      \
    HPCRAFT_CUDA_ONE(__vabsss##n, s, ::hpcraft_cuda::clamped<s>(a < 0 ? -a : a))                        \
    HPCRAFT_CUDA_ONE(__vneg##n, s, -a)                                                                  \
    HPCRAFT_CUDA_ONE(__vnegss##n, s, ::hpcraft_cuda::clamped<s>(-a))                                    \
    HPCRAFT_CUDA_TWO(__vadd##n, u, a + b)                                                               \
    HPCRAFT_CUDA_TWO(__vaddss##n, s, ::hpcraft_cuda::clamped<s>(a + b))                                 \
    HPCRAFT_CUDA_TWO(__vaddus##n, u, ::hpcraft_cuda::clamped<u>(a + b))                                 \
    HPCRAFT_CUDA_TWO(__vsub##n, u, a - b)                                                               \
    HPCRAFT_CUDA_TWO(__vsubss##n, s, ::hpcraft_cuda::clamped<s>(a - b))                                 \
    HPCRAFT_CUDA_TWO(__vsubus##n, u, ::hpcraft_cuda::clamped<u>(a - b))                                 \
    HPCRAFT_CUDA_TWO(__vabsdiffs##n, s, a < b ? b - a : a - b)                                          \
    HPCRAFT_CUDA_TWO(__vabsdiffu##n, u, a < b ? b - a : a - b)                                          \
    HPCRAFT_CUDA_TWO(__vavgs##n, s, (a + b + (a + b >= 0)) >> 1)                                        \
    HPCRAFT_CUDA_TWO(__vavgu##n, u, (a + b + 1) >> 1)                                                   \
    HPCRAFT_CUDA_TWO(__vhaddu##n, u, (a + b) >> 1)                                                      \
    HPCRAFT_CUDA_TWO(__vmaxs##n, s, a < b ? b : a)                                                      \
    HPCRAFT_CUDA_TWO(__vmaxu##n, u, a < b ? b : a)                                                      \
    HPCRAFT_CUDA_TWO(__vmins##n, s, b < a ? b : a)                                                      \
    HPCRAFT_CUDA_TWO(__vminu##n, u, b < a ? b : a)                                                      \
    HPCRAFT_CUDA_COMPARE(eq, n, u, ==)                                                                  \
    HPCRAFT_CUDA_COMPARE(ne, n, u, !=)                                                                  \
    HPCRAFT_CUDA_COMPARE(ges, n, s, >=)                                                                 \
    HPCRAFT_CUDA_COMPARE(geu, n, u, >=)                                                                 \
    HPCRAFT_CUDA_COMPARE(gts, n, s, >)                                                                  \
    HPCRAFT_CUDA_COMPARE(gtu, n, u, >)                                                                  \
    HPCRAFT_CUDA_COMPARE(les, n, s, <=)                                                                 \
    HPCRAFT_CUDA_COMPARE(leu, n, u, <=)                                                                 \
    HPCRAFT_CUDA_COMPARE(lts, n, s, <)                                                                  \
    HPCRAFT_CUDA_COMPARE(ltu, n, u, <)                                                                  \
    inline unsigned int __vsads##n(unsigned int x, unsigned int y) { return ::hpcraft_cuda::sum_of_differences<s>(x, y); } \
    inline unsigned int __vsadu##n(unsigned int x, unsigned int y) { return ::hpcraft_cuda::sum_of_differences<u>(x, y); }

HPCRAFT_CUDA_WIDTH(2, short, unsigned short)
HPCRAFT_CUDA_WIDTH(4, signed char, unsigned char)
#undef HPCRAFT_CUDA_WIDTH
#undef HPCRAFT_CUDA_COMPARE
#undef HPCRAFT_CUDA_TWO
#undef HPCRAFT_CUDA_ONE

// Sums of 32 bits wrap around.
#define HPCRAFT_CUDA_THREE(which, pick, suffix, type)                                                                            \
    inline type __vi##which##3_##suffix(type a, type b, type c) { return ::hpcraft_cuda::pick(::hpcraft_cuda::pick(a, b), c); }   \
    inline type __viadd##which##_##suffix(type a, type b, type c) {                                                              \
        return ::hpcraft_cuda::pick(static_cast<type>(static_cast<unsigned>(a) + static_cast<unsigned>(b)), c);                  \
    }
#define HPCRAFT_CUDA_THREE_PAIRS(which, pick, suffix, lane)                                                                      \
    inline unsigned int __vi##which##3_##suffix(unsigned int x, unsigned int y, unsigned int z) {                                \
        return ::hpcraft_cuda::lanewise<lane>(                                                                                   \
            [](int a, int b, int c) { return ::hpcraft_cuda::pick(::hpcraft_cuda::pick(a, b), c); }, x, y, z);                   \
    }                                                                                                                            \
    inline unsigned int __viadd##which##_##suffix(unsigned int x, unsigned int y, unsigned int z) {                              \
        return ::hpcraft_cuda::lanewise<lane>(                                                                                   \
            [](int a, int b, int c) { return ::hpcraft_cuda::pick<int>(static_cast<lane>(a + b), c); }, x, y, z);                \
    }
#define HPCRAFT_CUDA_RELU(which, pick)                                                                                           \
    inline int __vi##which##_s32_relu(int a, int b) { return ::hpcraft_cuda::most(::hpcraft_cuda::pick(a, b), 0); }              \
    inline int __vi##which##3_s32_relu(int a, int b, int c) { return ::hpcraft_cuda::most(__vi##which##3_s32(a, b, c), 0); }     \
    inline int __viadd##which##_s32_relu(int a, int b, int c) { return ::hpcraft_cuda::most(__viadd##which##_s32(a, b, c), 0); } \
    inline unsigned int __vi##which##_s16x2_relu(unsigned int a, unsigned int b) { return __vmaxs2(__v##which##s2(a, b), 0); }   \
    inline unsigned int __vi##which##3_s16x2_relu(unsigned int a, unsigned int b, unsigned int c) {                              \
        return __vmaxs2(__vi##which##3_s16x2(a, b, c), 0);                                                                       \
    }                                                                                                                            \
    inline unsigned int __viadd##which##_s16x2_relu(unsigned int a, unsigned int b, unsigned int c) {                            \
        return __vmaxs2(__viadd##which##_s16x2(a, b, c), 0);                                                                     \
    }
// With the answer whether the first one was taken; it is on a tie.
#define HPCRAFT_CUDA_TOLD(which, OP)                                                                                       \
    inline int __vib##which##_s32(int a, int b, bool *first) { return (*first = a OP b) ? a : b; }                         \
    inline unsigned int __vib##which##_u32(unsigned int a, unsigned int b, bool *first) { return (*first = a OP b) ? a : b; } \
    inline unsigned int __vib##which##_s16x2(unsigned int a, unsigned int b, bool *high, bool *low) {                            \
        *high = static_cast<short>(a >> 16) OP static_cast<short>(b >> 16);                                                \
        *low = static_cast<short>(a) OP static_cast<short>(b);                                                             \
        return ((*high ? a : b) & 0xffff0000u) | ((*low ? a : b) & 0xffffu);                                                     \
    }                                                                                                                            \
    inline unsigned int __vib##which##_u16x2(unsigned int a, unsigned int b, bool *high, bool *low) {                            \
        *high = (a >> 16) OP (b >> 16);                                                                                      \
        *low = (a & 0xffffu) OP (b & 0xffffu);                                                                             \
        return ((*high ? a : b) & 0xffff0000u) | ((*low ? a : b) & 0xffffu);                                                     \
    }

HPCRAFT_CUDA_THREE(max, most, s32, int)
HPCRAFT_CUDA_THREE(min, least, s32, int)
HPCRAFT_CUDA_THREE(max, most, u32, unsigned int)
HPCRAFT_CUDA_THREE(min, least, u32, unsigned int)
HPCRAFT_CUDA_THREE_PAIRS(max, most, s16x2, short)
HPCRAFT_CUDA_THREE_PAIRS(min, least, s16x2, short)
HPCRAFT_CUDA_THREE_PAIRS(max, most, u16x2, unsigned short)
HPCRAFT_CUDA_THREE_PAIRS(min, least, u16x2, unsigned short)
HPCRAFT_CUDA_RELU(max, most)
HPCRAFT_CUDA_RELU(min, least)
HPCRAFT_CUDA_TOLD(max, >=)
HPCRAFT_CUDA_TOLD(min, <=)
#undef HPCRAFT_CUDA_TOLD
#undef HPCRAFT_CUDA_RELU
#undef HPCRAFT_CUDA_THREE_PAIRS
#undef HPCRAFT_CUDA_THREE
