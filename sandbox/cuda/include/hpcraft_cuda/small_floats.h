// The two formats of 16 bits: from wider numbers in every rounding mode, and back. Bits only: what a machine has for halves differs.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "hpcraft_cuda/math_conversions.h"
#include "hpcraft_cuda/math_rounding.h"

namespace hpcraft_cuda {

constexpr unsigned SMALL_NAN = 0x7fff;  // the one that arithmetic gives

struct HalfFormat {
    static constexpr int mantissa = 10, bias = 15;
    static constexpr unsigned infinity = 0x7c00, one = 0x3c00;
};
struct Bfloat16Format {
    static constexpr int mantissa = 7, bias = 127;
    static constexpr unsigned infinity = 0x7f80, one = 0x3f80;
};

template <class Format, Round MODE = Round::nearest>
inline std::uint16_t encode(double value) {
    constexpr int least = 1 - Format::bias;  // exponent of the smallest normal number
    const auto bits = same_bits<std::uint64_t>(value);
    const std::uint64_t size = bits & ~(std::uint64_t{1} << 63);
    const bool negative = bits >> 63;
    const unsigned sign = negative ? 0x8000u : 0;
    if (size > 0x7ff0000000000000u) return SMALL_NAN;
    if (size == 0x7ff0000000000000u) return static_cast<std::uint16_t>(sign | Format::infinity);
    const int stored = static_cast<int>(size >> 52), exponent = stored ? stored - 1023 : -1022;
    const bool away = MODE == Round::up ? !negative : MODE == Round::down && negative;
    if (exponent > Format::bias) return static_cast<std::uint16_t>(sign | (Format::infinity - !(away || MODE == Round::nearest)));
    const std::uint64_t digits = (size & 0xfffffffffffffu) | static_cast<std::uint64_t>(stored != 0) << 52;
    const int scale = exponent > least ? exponent : least, wanted = scale - Format::mantissa - exponent + 52, shift = wanted < 63 ? wanted : 63;
    const std::uint64_t rest = digits & ((std::uint64_t{1} << shift) - 1), half = std::uint64_t{1} << (shift - 1);
    std::uint64_t kept = digits >> shift;
    if (MODE == Round::nearest ? rest > half || (rest == half && kept & 1) : rest && away) ++kept;
    return static_cast<std::uint16_t>(sign | ((static_cast<unsigned>(scale - least) << Format::mantissa) + static_cast<unsigned>(kept)));
}

// The same for the commonest case.
template <class Format>
inline std::uint16_t encode_float(float value) {
    const auto bits = same_bits<std::uint32_t>(value);
    std::uint32_t size = bits & 0x7fffffffu;
    const unsigned sign = bits >> 16 & 0x8000u;
    if (size > 0x7f800000u) return SMALL_NAN;
    if constexpr (std::is_same_v<Format, Bfloat16Format>) {
        return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
    } else {
#if defined(__F16C__) && defined(__FLT16_MANT_DIG__)
        return same_bits<std::uint16_t>(static_cast<_Float16>(value));
#endif
        if (size >= 0x47800000u) return static_cast<std::uint16_t>(sign | Format::infinity);
        if (size < 0x38800000u) {
            // Adding 0.5 puts the last place of a half's small numbers to the end of the float.
            const float aligned = same_bits<float>(size) + 0.5f;
            return static_cast<std::uint16_t>(sign | (same_bits<std::uint32_t>(aligned) - 0x3f000000u));
        }
        size += 0xfffu + (size >> 13 & 1u);
        return static_cast<std::uint16_t>(sign | (size - (112u << 23)) >> 13);
    }
}

template <class Format>
inline float decode(std::uint16_t bits) {
    if constexpr (std::is_same_v<Format, Bfloat16Format>) {
        return same_bits<float>(static_cast<std::uint32_t>(bits) << 16);
    } else {
#if defined(__F16C__) && defined(__FLT16_MANT_DIG__)
        return static_cast<float>(same_bits<_Float16>(bits));
#endif
        const std::uint32_t sign = (bits & 0x8000u) << 16, size = bits & 0x7fffu;
        if (size < 0x400u) return same_bits<float>(sign | same_bits<std::uint32_t>(static_cast<float>(size) * 0x1p-24f));
        return same_bits<float>(sign | ((size << 13) + (size >= 0x7c00u ? 0x70000000u : 0x38000000u)));
    }
}

// Whole numbers of more digits than a double has keep a last one that is not zero: so they round as themselves.
template <class Integer>
inline double wide(Integer value) {
    if constexpr (sizeof(Integer) < 8) return static_cast<double>(value);
    const bool negative = value < 0;
    std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    double scale = 1;
    if (size >> 53) {
        size = size >> 11 | ((size & 0x7ffu) != 0);
        scale = 2048;
    }
    const double result = static_cast<double>(size) * scale;
    return negative ? -result : result;
}

// a * b + c, where the product is exact, rounded to odd: rounding it again to few digits is then as rounding once.
inline double multiply_add(double a, double b, double c) {
    const double product = a * b, sum = product + c, part = sum - product;
    const double error = (product - (sum - part)) + (c - part);
    auto bits = same_bits<std::uint64_t>(sum);
    if (error == 0 || !(std::fabs(sum) < INFINITY) || bits & 1) return sum;
    bits += (error > 0) == (sum > 0) ? 1u : ~std::uint64_t{0};
    return same_bits<double>(bits);
}

inline double between_0_and_1(double x) { return x > 0 ? (x < 1 ? x : 1) : 0; }

// One of either type by its bits.
template <class Small>
inline Small small(unsigned bits) {
    Small made;
    made.__x = static_cast<unsigned short>(bits);
    return made;
}
template <class Small, class Format, Round MODE>
inline Small small_from(double value) {
    return small<Small>(encode<Format, MODE>(value));
}

}  // namespace hpcraft_cuda
