// Atomic functions, with exactly the overloads that CUDA has. The scopes (_block, _system) are all the same here, but that checks
// are told which atomics are for the own block alone, by the order of memory that they name.
//
// A block runs on one OS thread, so that on shared memory an ordinary update is atomic; sources that are built for a check keep
// the atomic one, which is how the check knows it.
#pragma once

#include <cstring>
#include <type_traits>

#include "hpcraft_cuda/state.h"

namespace hpcraft_cuda {

#ifdef __SANITIZE_THREAD__
constexpr bool PLAIN_IN_SHARED = false;
constexpr int OF_BLOCK = __ATOMIC_ACQ_REL;
#else
constexpr bool PLAIN_IN_SHARED = true;
constexpr int OF_BLOCK = __ATOMIC_RELAXED;
#endif
constexpr int OF_DEVICE = __ATOMIC_RELAXED;
// What replaces a value also keeps the compiler from moving plain accesses across it, as programs with locks expect.
constexpr int strict(int order) { return order == __ATOMIC_RELAXED ? __ATOMIC_SEQ_CST : order; }

template <class T>
using Bits = std::conditional_t<sizeof(T) == 8, unsigned long long, std::conditional_t<sizeof(T) == 4, unsigned, unsigned short>>;

template <class T>
inline Bits<T> to_bits(T value) {
    Bits<T> bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
template <class T>
inline T from_bits(Bits<T> bits) {
    T value;
    std::memcpy(&value, &bits, sizeof bits);
    return value;
}
template <class T>
inline Bits<T> *as_bits(T *at) {
    typedef Bits<T> __attribute__((may_alias)) Alias;
    return reinterpret_cast<Bits<T> *>(reinterpret_cast<Alias *>(at));
}

// Replaces a value by a function of it; gives the old one. A loop that changes nothing gives others their turn.
template <int order, class T, class Change>
inline T update(T *at, Change change, Where where) {
    if (PLAIN_IN_SHARED && is_shared(at)) {
        const T old = *at;
        *at = change(old);
        return old;
    }
    typedef Bits<T> __attribute__((may_alias)) Alias;
    Alias *place = reinterpret_cast<Alias *>(at);
    Bits<T> seen = __atomic_load_n(place, __ATOMIC_RELAXED);
    for (;;) {
        const T old = from_bits<T>(seen);
        if (__atomic_compare_exchange_n(place, &seen, to_bits<T>(change(old)), true, strict(order), __ATOMIC_RELAXED)) return old;
        spin(where);
    }
}

template <int order, class T>
inline T swap_if(T *at, T expected, T value, Where where) {
    typedef Bits<T> __attribute__((may_alias)) Alias;
    Bits<T> seen = to_bits(expected);
    if (!__atomic_compare_exchange_n(reinterpret_cast<Alias *>(at), &seen, to_bits(value), false, strict(order), __ATOMIC_RELAXED)) spin(where);
    return from_bits<T>(seen);
}

template <int order, class T>
inline T exchange_value(T *at, T value, Where where) {
    typedef Bits<T> __attribute__((may_alias)) Alias;
    const T old = from_bits<T>(__atomic_exchange_n(reinterpret_cast<Alias *>(at), to_bits(value), strict(order)));
    if (to_bits(old) == to_bits(value)) spin(where);  // a lock that is taken looks like this
    return old;
}

template <int order, class T>
inline T add(T *at, T value, Where where) {
    if constexpr (std::is_integral_v<T>) {
        if (PLAIN_IN_SHARED && is_shared(at)) {
            const T old = *at;
            *at = static_cast<T>(static_cast<std::make_unsigned_t<T>>(old) + static_cast<std::make_unsigned_t<T>>(value));
            return old;
        }
        if (value == 0) spin(where);  // an atomic load in disguise
        return __atomic_fetch_add(at, value, order);
    } else {
        return update<order>(at, [=](T old) { return old + value; }, where);
    }
}
template <int order, class T>
inline T bit_or(T *at, T value, Where where) {
    if (value == 0) spin(where);
    return __atomic_fetch_or(at, value, order);
}

}  // namespace hpcraft_cuda

// name, then one definition for each type and scope
#define HPCRAFT_CUDA_SCOPES(define, name, type) \
    define(name, type, OF_DEVICE) define(name##_block, type, OF_BLOCK) define(name##_system, type, OF_DEVICE)
#define HPCRAFT_CUDA_INTEGERS(define, name) \
    HPCRAFT_CUDA_SCOPES(define, name, int)  \
    HPCRAFT_CUDA_SCOPES(define, name, unsigned int) HPCRAFT_CUDA_SCOPES(define, name, unsigned long long int)
#define HPCRAFT_CUDA_UPDATE(name, type, order, expression)                                                                   \
    inline type name(type *at, type value, HPCRAFT_CUDA_HERE) {                                                       \
        return hpcraft_cuda::update<hpcraft_cuda::order>(at, [=](type old) -> type { return expression; }, HPCRAFT_CUDA_THERE);            \
    }

#define HPCRAFT_CUDA_ADD(name, type, order) \
    inline type name(type *at, type value, HPCRAFT_CUDA_HERE) { return hpcraft_cuda::add<hpcraft_cuda::order>(at, value, HPCRAFT_CUDA_THERE); }
#define HPCRAFT_CUDA_SUB(name, type, order)                                                                        \
    inline type name(type *at, type value, HPCRAFT_CUDA_HERE) {                                             \
        return static_cast<type>(hpcraft_cuda::add<hpcraft_cuda::order>(at, static_cast<type>(0u - static_cast<unsigned>(value)), HPCRAFT_CUDA_THERE)); \
    }
#define HPCRAFT_CUDA_EXCH(name, type, order) \
    inline type name(type *at, type value, HPCRAFT_CUDA_HERE) { return hpcraft_cuda::exchange_value<hpcraft_cuda::order>(at, value, HPCRAFT_CUDA_THERE); }
#define HPCRAFT_CUDA_CAS(name, type, order)                                                                     \
    inline type name(type *at, type expected, type value, HPCRAFT_CUDA_HERE) {                           \
        return hpcraft_cuda::swap_if<hpcraft_cuda::order>(at, expected, value, HPCRAFT_CUDA_THERE);                           \
    }
#define HPCRAFT_CUDA_MIN(name, type, order) HPCRAFT_CUDA_UPDATE(name, type, order, value < old ? value : old)
#define HPCRAFT_CUDA_MAX(name, type, order) HPCRAFT_CUDA_UPDATE(name, type, order, old < value ? value : old)
#define HPCRAFT_CUDA_INC(name, type, order) HPCRAFT_CUDA_UPDATE(name, type, order, old >= value ? 0u : old + 1u)
#define HPCRAFT_CUDA_DEC(name, type, order) HPCRAFT_CUDA_UPDATE(name, type, order, old == 0u || old > value ? value : old - 1u)
#define HPCRAFT_CUDA_AND(name, type, order) \
    inline type name(type *at, type value, HPCRAFT_CUDA_HERE) { return (void)HPCRAFT_CUDA_THERE, __atomic_fetch_and(at, value, hpcraft_cuda::order); }
#define HPCRAFT_CUDA_OR(name, type, order) \
    inline type name(type *at, type value, HPCRAFT_CUDA_HERE) { return hpcraft_cuda::bit_or<hpcraft_cuda::order>(at, value, HPCRAFT_CUDA_THERE); }
#define HPCRAFT_CUDA_XOR(name, type, order) \
    inline type name(type *at, type value, HPCRAFT_CUDA_HERE) { return (void)HPCRAFT_CUDA_THERE, __atomic_fetch_xor(at, value, hpcraft_cuda::order); }

HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_ADD, atomicAdd)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_ADD, atomicAdd, float)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_SUB, atomicSub, int)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_SUB, atomicSub, unsigned int)
HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_EXCH, atomicExch)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_EXCH, atomicExch, float)
HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_CAS, atomicCAS)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_CAS, atomicCAS, unsigned short int)
HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_MIN, atomicMin)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_MIN, atomicMin, long long int)
HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_MAX, atomicMax)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_MAX, atomicMax, long long int)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_INC, atomicInc, unsigned int)
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_DEC, atomicDec, unsigned int)
HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_AND, atomicAnd)
HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_OR, atomicOr)
HPCRAFT_CUDA_INTEGERS(HPCRAFT_CUDA_XOR, atomicXor)

// A template, so that a program which brings its own for old devices may keep it.
#define HPCRAFT_CUDA_ADD_DOUBLE(name, type, order)                                                            \
    template <class T, class = std::enable_if_t<std::is_same_v<T, double>>>                           \
    inline T name(T *at, std::common_type_t<T> value, HPCRAFT_CUDA_HERE) {                             \
        return hpcraft_cuda::add<hpcraft_cuda::order>(at, value, HPCRAFT_CUDA_THERE);                                       \
    }
HPCRAFT_CUDA_SCOPES(HPCRAFT_CUDA_ADD_DOUBLE, atomicAdd, double)

#undef HPCRAFT_CUDA_SCOPES
#undef HPCRAFT_CUDA_INTEGERS
#undef HPCRAFT_CUDA_UPDATE
#undef HPCRAFT_CUDA_ADD
#undef HPCRAFT_CUDA_SUB
#undef HPCRAFT_CUDA_EXCH
#undef HPCRAFT_CUDA_CAS
#undef HPCRAFT_CUDA_MIN
#undef HPCRAFT_CUDA_MAX
#undef HPCRAFT_CUDA_INC
#undef HPCRAFT_CUDA_DEC
#undef HPCRAFT_CUDA_AND
#undef HPCRAFT_CUDA_OR
#undef HPCRAFT_CUDA_XOR
#undef HPCRAFT_CUDA_ADD_DOUBLE
