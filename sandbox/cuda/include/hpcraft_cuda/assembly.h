// What inline PTX is turned into where C++ has no operator for it.
#pragma once

#include <time.h>

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "hpcraft_cuda/state.h"

namespace hpcraft_cuda::assembly {

constexpr unsigned int PROCESSORS = 8;  // as many as the device says it has
inline unsigned int processor() { return (blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z)) % PROCESSORS; }
inline unsigned long long nanoseconds() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<unsigned long long>(now.tv_sec) * 1'000'000'000ull + static_cast<unsigned long long>(now.tv_nsec);
}

// Integers wrap around.
template <class T, bool = std::is_integral_v<T>>
struct Wrapping {
    using Type = std::make_unsigned_t<T>;
};
template <class T>
struct Wrapping<T, false> {
    using Type = T;
};
template <class T>
using Bits = typename Wrapping<T>::Type;
template <class T>
inline T add(T a, T b) {
    return static_cast<T>(static_cast<Bits<T>>(a) + static_cast<Bits<T>>(b));
}
template <class T>
inline T subtract(T a, T b) {
    return static_cast<T>(static_cast<Bits<T>>(a) - static_cast<Bits<T>>(b));
}
template <class T>
inline T multiply(T a, T b) {
    return static_cast<T>(static_cast<Bits<T>>(a) * static_cast<Bits<T>>(b));
}
template <class T>
inline auto wide(T a, T b) {
    using Wide = std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>;
    return static_cast<Wide>(a) * static_cast<Wide>(b);
}
template <class T>
inline T high(T a, T b) {
    using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>(static_cast<Wide>(a) * static_cast<Wide>(b) >> 8 * sizeof(T));
}
template <class T>
inline T least(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) return std::fmin(a, b);
    else return b < a ? b : a;
}
template <class T>
inline T greatest(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) return std::fmax(a, b);
    else return a < b ? b : a;
}
// Shifts by more than there are bits leave nothing, or the sign.
template <class T>
inline T left(T value, unsigned int by) {
    return by >= 8 * sizeof(T) ? T(0) : static_cast<T>(static_cast<Bits<T>>(value) << by);
}
template <class T>
inline T right(T value, unsigned int by) {
    if (by >= 8 * sizeof(T)) return value < T(0) ? static_cast<T>(-1) : T(0);
    return static_cast<T>(value >> by);
}
template <class T>
inline T extracted(T value, unsigned int position, unsigned int length) {
    constexpr unsigned int bits = 8 * sizeof(T);
    position &= 255, length &= 255;
    const unsigned int last = position + length - 1 < bits - 1 ? position + length - 1 : bits - 1;
    const bool sign = std::is_signed_v<T> && length && (static_cast<Bits<T>>(value) >> last & 1);
    Bits<T> found = sign ? ~Bits<T>(0) : Bits<T>(0);
    for (unsigned int i = 0; i < bits; ++i) {
        if (i >= length || position + i >= bits) continue;
        const Bits<T> bit = static_cast<Bits<T>>(value) >> (position + i) & 1;
        found = (found & ~(Bits<T>(1) << i)) | bit << i;
    }
    return static_cast<T>(found);
}
template <class T>
inline T inserted(T from, T into, unsigned int position, unsigned int length) {
    position &= 255, length &= 255;
    for (unsigned int i = 0; i < length && position + i < 8 * sizeof(T); ++i)
        into = (into & ~(T(1) << (position + i))) | (from >> i & 1) << (position + i);
    return into;
}
template <class T>
inline unsigned int leading(T value) {
    const auto wanted = static_cast<Bits<T>>(value < T(0) ? ~value : value);
    return wanted ? 63u - static_cast<unsigned int>(__builtin_clzll(wanted)) : ~0u;
}
inline unsigned int logic(unsigned int a, unsigned int b, unsigned int c, unsigned int table) {
    unsigned int made = 0;
    for (unsigned int row = 0; row < 8; ++row)
        if (table >> row & 1) made |= (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
    return made;
}

template <class T, class Address>
inline T *at(Address address) {
    if constexpr (std::is_pointer_v<Address>) return reinterpret_cast<T *>(const_cast<void *>(static_cast<const volatile void *>(address)));
    else return reinterpret_cast<T *>(static_cast<std::uintptr_t>(address));
}
template <class Address>
inline char *moved(Address address, long long bytes) {
    return at<char>(address) + bytes;
}
template <class T, class Address>
inline T load(Address address) {
    return *at<volatile T>(address);
}
template <class T, class Address, class Value>
inline void store(Address address, Value value) {
    *at<volatile T>(address) = static_cast<T>(value);
}

}  // namespace hpcraft_cuda::assembly
