// The inverse error functions, the scaled one and the modified Bessel functions.
#pragma once

#include <cmath>

namespace hpcraft_cuda {

// Halley's steps towards erfc(y) = x for x <= 1, from an asymptotic start; both sides are small together, so that the difference is exact
// to the last places.
inline double erfc_inverse_of_small(double x) {
    double y;
    if (x > 0.25) {
        y = (1 - x) * 0.886226925452758;
    } else {
        const double size = std::sqrt(-std::log(x * 1.7724538509055159));
        y = size > 1 ? std::sqrt(-std::log(x * 1.7724538509055159 * size)) : size;
    }
    for (int step = 0; step < 12; ++step) {
        // In terms of erfc(y) exp(y^2), which doesn't underflow.
        const double ratio = x < 1e-290 ? std::exp(std::log(x) + y * y) : x * std::exp(y * y);
        const double change = (erfc_scaled(y) - ratio) * 0.88622692545275801364;
        const double next = y + change / (1 - y * change);
        if (!(std::fabs(next - y) > 4e-16 * std::fabs(y))) return next;
        y = next;
    }
    return y;
}

inline double erfc_inverse(double x) {
    if (!(x >= 0 && x <= 2)) return NAN;
    if (x == 0) return INFINITY;
    if (x == 2) return -INFINITY;
    if (x <= 0.5) return erfc_inverse_of_small(x);
    if (x > 1.5) return -erfc_inverse_of_small(2 - x);
    return erf_inverse(1 - x);
}

inline double erf_inverse(double x) {
    const double size = std::fabs(x);
    if (!(size <= 1)) return NAN;
    if (size == 1) return std::copysign(INFINITY, x);
    if (size > 0.5) return std::copysign(erfc_inverse_of_small(1 - size), x);
    double y = 0.886226925452758 * size;
    for (int step = 0; step < 4; ++step) {
        const double change = (size - std::erf(y)) * std::exp(y * y) * 0.88622692545275801364;
        y += change / (1 + y * change);
    }
    return std::copysign(y, x);
}

inline double erfc_scaled(double x) {
    if (x < 10) {
        const long double wide = x;
        return static_cast<double>(std::exp(wide * wide) * std::erfc(wide));
    }
    double term = 1, sum = 1;
    const double step = 0.5 / (x * x);
    for (int n = 1; n < 20; ++n) {
        term *= -(2 * n - 1) * step;
        sum += term;
    }
    return sum * 0.56418958354775628695 / x;
}

// By the series below, by the asymptotic expansion above.
inline double bessel_i(int order, double x) {
    if (x != x) return x;
    const long double size = std::fabs(x);
    long double sum = 1, term = 1;
    if (size < 36) {
        const long double square = size * size / 4;
        for (int k = 1; term > sum * 1e-20L; ++k) sum += term *= square / (static_cast<long double>(k) * (k + order));
        return static_cast<double>(order ? sum * size / 2 : sum);
    }
    if (std::isinf(x)) return INFINITY;
    const long double mu = 4.0L * order * order;
    for (int k = 1; k < 40; ++k) {
        const long double next = -term * (mu - (2.0L * k - 1) * (2 * k - 1)) / (8 * k * size);
        if (std::fabs(next) > std::fabs(term)) break;
        sum += term = next;
    }
    return static_cast<double>(std::exp(size) * sum / std::sqrt(6.28318530717958647692L * size));
}
inline double bessel_i0(double x) { return bessel_i(0, x); }
inline double bessel_i1(double x) { return std::copysign(bessel_i(1, x), x); }

}  // namespace hpcraft_cuda
