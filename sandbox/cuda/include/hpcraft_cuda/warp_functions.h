// Exchanges between the lanes of a warp. The old forms without a mask mean all lanes that have not ended.
#pragma once

#include <cstring>
#include <type_traits>

#include "hpcraft_cuda/state.h"

namespace hpcraft_cuda {

// Argument of a shuffle: the lane or the offset in the low bits, the width above; the direction is in `finish`.
inline unsigned shuffle_argument(unsigned lane_or_offset, int width) { return (lane_or_offset & 0xffffu) | static_cast<unsigned>(width) << 16; }

enum class Way { to, up, down, across };

template <Way way>
inline unsigned shuffle_source(unsigned lane, unsigned argument) {
    const unsigned width = argument >> 16, by = argument & 0xffffu, begin = lane & ~(width - 1), end = begin + width;
    if (way == Way::to) return begin + (by & (width - 1));
    if (way == Way::up) return lane >= begin + by ? lane - by : lane;
    if (way == Way::down) return lane + by < end ? lane + by : lane;
    return (lane ^ by) < end ? lane ^ by : lane;
}

template <Way way>
inline void finish_shuffle(Exchange &all) {
    for (unsigned rest = all.mask; rest; rest &= rest - 1) {
        const unsigned lane = __builtin_ctz(rest), source = shuffle_source<way>(lane, all.argument[lane]) & 31u;
        all.out[lane] = all.mask >> source & 1 ? all.in[source] : value_of_nobody(all.in[lane]);
    }
}

template <Way way, class T>
inline T shuffle(unsigned mask, T value, unsigned by, int width, Where where) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    bits = exchange(Op::shuffle, mask, bits, shuffle_argument(by, width), finish_shuffle<way>, where);
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline void finish_ballot(Exchange &all) {
    unsigned yes = 0;
    for (unsigned rest = all.mask; rest; rest &= rest - 1)
        if (all.in[__builtin_ctz(rest)]) yes |= rest & -rest;
    for (unsigned rest = all.mask; rest; rest &= rest - 1) all.out[__builtin_ctz(rest)] = yes;
}
inline unsigned ballot(unsigned mask, bool predicate, Where where) {
    return static_cast<unsigned>(exchange(Op::vote, mask, predicate, 0, finish_ballot, where));
}
// Whether every lane that came said yes: a lane that said no has no bit in what `ballot` gives, one that has ended has none to give.
inline void finish_all(Exchange &all) {
    bool yes = true;
    for (unsigned rest = all.mask; rest; rest &= rest - 1) yes = yes && all.in[__builtin_ctz(rest)];
    for (unsigned rest = all.mask; rest; rest &= rest - 1) all.out[__builtin_ctz(rest)] = yes;
}

inline void finish_match_any(Exchange &all) {
    for (unsigned rest = all.mask; rest; rest &= rest - 1) {
        const unsigned lane = __builtin_ctz(rest);
        unsigned same = 0;
        for (unsigned other = all.mask; other; other &= other - 1)
            if (all.in[__builtin_ctz(other)] == all.in[lane]) same |= other & -other;
        all.out[lane] = same;
    }
}
template <class T>
inline unsigned match_any(unsigned mask, T value, Where where) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return static_cast<unsigned>(exchange(Op::match, mask, bits, 0, finish_match_any, where));
}

template <class T, class Combine>
inline void finish_reduce(Exchange &all) {
    T sum = static_cast<T>(all.in[__builtin_ctz(all.mask)]);
    for (unsigned rest = all.mask & (all.mask - 1); rest; rest &= rest - 1) sum = Combine()(sum, static_cast<T>(all.in[__builtin_ctz(rest)]));
    for (unsigned rest = all.mask; rest; rest &= rest - 1) all.out[__builtin_ctz(rest)] = static_cast<std::uint64_t>(sum);
}
template <class Combine, class T>
inline T reduce(unsigned mask, T value, Where where) {
    return static_cast<T>(exchange(Op::reduce, mask, static_cast<std::uint64_t>(value), 0, finish_reduce<T, Combine>, where));
}
struct Plus {
    template <class T>
    T operator()(T a, T b) const {
        return static_cast<T>(static_cast<unsigned>(a) + static_cast<unsigned>(b));
    }
};
struct Least {
    template <class T>
    T operator()(T a, T b) const {
        return b < a ? b : a;
    }
};
struct Most {
    template <class T>
    T operator()(T a, T b) const {
        return a < b ? b : a;
    }
};
struct BitAnd {
    unsigned operator()(unsigned a, unsigned b) const { return a & b; }
};
struct BitOr {
    unsigned operator()(unsigned a, unsigned b) const { return a | b; }
};
struct BitXor {
    unsigned operator()(unsigned a, unsigned b) const { return a ^ b; }
};

}  // namespace hpcraft_cuda

inline void __syncwarp(unsigned mask = 0xffffffffu, HPCRAFT_CUDA_HERE) {
    hpcraft_cuda::exchange(hpcraft_cuda::Op::syncwarp, mask, 0, 0, nullptr, HPCRAFT_CUDA_THERE);
}
inline unsigned __activemask(HPCRAFT_CUDA_HERE) { return hpcraft_cuda::active_mask(HPCRAFT_CUDA_THERE); }

// A type argument `__shfl_sync<float>` isn't CUDA's, but overloads for each type are the same thing to callers.
#define HPCRAFT_CUDA_SHUFFLE(name, way, by_type, by)                                                                        \
    template <class T>                                                                                                      \
    inline T name##_sync(unsigned mask, T value, by_type by, int width = warpSize, HPCRAFT_CUDA_HERE) {                     \
        return hpcraft_cuda::shuffle<hpcraft_cuda::Way::way>(mask, value, static_cast<unsigned>(by), width, HPCRAFT_CUDA_THERE); \
    }                                                                                                                       \
    template <class T>                                                                                                      \
    inline T name(T value, by_type by, int width = warpSize, HPCRAFT_CUDA_HERE) {                                           \
        return hpcraft_cuda::shuffle<hpcraft_cuda::Way::way>(                                                               \
            hpcraft_cuda::live_lanes(), value, static_cast<unsigned>(by), width, HPCRAFT_CUDA_THERE);                       \
    }
HPCRAFT_CUDA_SHUFFLE(__shfl, to, int, lane)
HPCRAFT_CUDA_SHUFFLE(__shfl_up, up, unsigned, offset)
HPCRAFT_CUDA_SHUFFLE(__shfl_down, down, unsigned, offset)
HPCRAFT_CUDA_SHUFFLE(__shfl_xor, across, int, bits)
#undef HPCRAFT_CUDA_SHUFFLE

inline unsigned __ballot_sync(unsigned mask, int predicate, HPCRAFT_CUDA_HERE) { return hpcraft_cuda::ballot(mask, predicate, HPCRAFT_CUDA_THERE); }
inline int __any_sync(unsigned mask, int predicate, HPCRAFT_CUDA_HERE) { return hpcraft_cuda::ballot(mask, predicate, HPCRAFT_CUDA_THERE) != 0; }
inline int __all_sync(unsigned mask, int predicate, HPCRAFT_CUDA_HERE) {
    return hpcraft_cuda::exchange(hpcraft_cuda::Op::vote, mask, predicate != 0, 1, hpcraft_cuda::finish_all, HPCRAFT_CUDA_THERE) != 0;
}
inline int __uni_sync(unsigned mask, int predicate, HPCRAFT_CUDA_HERE) {
    return hpcraft_cuda::match_any(mask, predicate != 0, HPCRAFT_CUDA_THERE) == (mask & hpcraft_cuda::live_lanes());
}
inline unsigned __ballot(int predicate, HPCRAFT_CUDA_HERE) {
    return hpcraft_cuda::ballot(hpcraft_cuda::live_lanes(), predicate, HPCRAFT_CUDA_THERE);
}
inline int __any(int predicate, HPCRAFT_CUDA_HERE) { return __any_sync(hpcraft_cuda::live_lanes(), predicate, hpcraft_file, hpcraft_line); }
inline int __all(int predicate, HPCRAFT_CUDA_HERE) { return __all_sync(hpcraft_cuda::live_lanes(), predicate, hpcraft_file, hpcraft_line); }

template <class T>
inline unsigned __match_any_sync(unsigned mask, T value, HPCRAFT_CUDA_HERE) {
    return hpcraft_cuda::match_any(mask, value, HPCRAFT_CUDA_THERE);
}
template <class T>
inline unsigned __match_all_sync(unsigned mask, T value, int *all, HPCRAFT_CUDA_HERE) {
    const unsigned expected = mask & hpcraft_cuda::live_lanes();
    *all = hpcraft_cuda::match_any(mask, value, HPCRAFT_CUDA_THERE) == expected;
    return *all ? expected : 0;
}

#define HPCRAFT_CUDA_REDUCE(name, combine, type)                                            \
    inline type name(unsigned mask, type value, HPCRAFT_CUDA_HERE) {                        \
        return hpcraft_cuda::reduce<hpcraft_cuda::combine>(mask, value, HPCRAFT_CUDA_THERE); \
    }
HPCRAFT_CUDA_REDUCE(__reduce_add_sync, Plus, unsigned)
HPCRAFT_CUDA_REDUCE(__reduce_add_sync, Plus, int)
HPCRAFT_CUDA_REDUCE(__reduce_min_sync, Least, unsigned)
HPCRAFT_CUDA_REDUCE(__reduce_min_sync, Least, int)
HPCRAFT_CUDA_REDUCE(__reduce_max_sync, Most, unsigned)
HPCRAFT_CUDA_REDUCE(__reduce_max_sync, Most, int)
HPCRAFT_CUDA_REDUCE(__reduce_and_sync, BitAnd, unsigned)
HPCRAFT_CUDA_REDUCE(__reduce_or_sync, BitOr, unsigned)
HPCRAFT_CUDA_REDUCE(__reduce_xor_sync, BitXor, unsigned)
#undef HPCRAFT_CUDA_REDUCE
