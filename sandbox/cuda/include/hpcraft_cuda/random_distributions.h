// Uniform, normal, log-normal and Poisson numbers from cuRAND's generators. Uniform ones are cuRAND's, bit for bit; normal ones come
// by its Box-Muller from the same words, up to the last places of logarithm and sine. Poisson numbers have
// the distribution, but aren't cuRAND's sequence.
#pragma once

#include <cmath>

#include "hpcraft_cuda/random_mrg.h"
#include "hpcraft_cuda/random_philox.h"
#include "hpcraft_cuda/random_xorwow.h"
#include "vector_functions.h"

namespace hpcraft_cuda::random {

constexpr float STEP = 0x1p-32f;
constexpr double WIDE_STEP = 0x1p-53;

// In (0, 1].
inline float uniform(unsigned int x) { return static_cast<float>(x) * STEP + STEP / 2; }
inline double wide_uniform(unsigned int x, unsigned int y) {
    const unsigned long long bits = x ^ static_cast<unsigned long long>(y) << 21;
    return static_cast<double>(bits) * WIDE_STEP + WIDE_STEP / 2;
}

inline float2 polar(float radius_from, float angle) {
    const float radius = std::sqrt(-2.0f * std::log(radius_from));
    return make_float2(std::sin(angle) * radius, std::cos(angle) * radius);
}
inline float2 normals(unsigned int x, unsigned int y) {
    constexpr float turn = STEP * 6.2831855f;
    return polar(uniform(x), static_cast<float>(y) * turn + turn / 2);
}
inline double2 wide_polar(double radius_from, double half_turns) {
    const double radius = std::sqrt(-2.0 * std::log(radius_from));
    return make_double2(sinpi(half_turns) * radius, cospi(half_turns) * radius);
}
inline double2 wide_normals(uint4 v) {
    const unsigned long long bits = v.z ^ static_cast<unsigned long long>(v.w) << 21;
    return wide_polar(wide_uniform(v.x, v.y), static_cast<double>(bits) * (WIDE_STEP * 2) + WIDE_STEP);
}

// How each generator takes the words of a result.
inline uint4 four(curandStatePhilox4_32_10_t *state) { return curand4(state); }
inline uint4 four(curandStateXORWOW_t *state) {
    uint4 v;
    v.x = curand(state), v.y = curand(state), v.z = curand(state), v.w = curand(state);
    return v;
}
template <class State>
inline float2 pair(State *state) {
    const unsigned x = curand(state), y = curand(state);
    return normals(x, y);
}
template <class State>
inline double2 wide_pair(State *state) {
    return wide_normals(four(state));
}
inline double fraction(curandStateMRG32k3a_t *state) { return static_cast<double>(next(state)) * 2.328306549295728e-10; }
inline float2 pair(curandStateMRG32k3a_t *state) {
    const float x = static_cast<float>(fraction(state)), y = static_cast<float>(fraction(state));
    return polar(x, y * 6.2831855f);
}
inline double2 wide_pair(curandStateMRG32k3a_t *state) {
    const double x = fraction(state), y = fraction(state);
    return wide_polar(x, y * 2);
}

}  // namespace hpcraft_cuda::random

template <class State>
inline float curand_uniform(State *state) {
    return ::hpcraft_cuda::random::uniform(curand(state));
}
template <class State>
inline double curand_uniform_double(State *state) {
    const unsigned x = curand(state), y = curand(state);
    return ::hpcraft_cuda::random::wide_uniform(x, y);
}
inline float curand_uniform(curandStateMRG32k3a_t *state) { return static_cast<float>(::hpcraft_cuda::random::fraction(state)); }
inline double curand_uniform_double(curandStateMRG32k3a_t *state) { return ::hpcraft_cuda::random::fraction(state); }
inline float4 curand_uniform4(curandStatePhilox4_32_10_t *state) {
    using ::hpcraft_cuda::random::uniform;
    const uint4 v = curand4(state);
    return make_float4(uniform(v.x), uniform(v.y), uniform(v.z), uniform(v.w));
}
inline double2 curand_uniform2_double(curandStatePhilox4_32_10_t *state) {
    using ::hpcraft_cuda::random::wide_uniform;
    const uint4 v = curand4(state);
    return make_double2(wide_uniform(v.x, v.y), wide_uniform(v.z, v.w));
}
inline double4 curand_uniform4_double(curandStatePhilox4_32_10_t *state) {
    const double2 a = curand_uniform2_double(state), b = curand_uniform2_double(state);
    return make_double4(a.x, a.y, b.x, b.y);
}

// Normal numbers come in pairs: the second one is kept for the next call.
template <class State>
inline float2 curand_normal2(State *state) {
    return ::hpcraft_cuda::random::pair(state);
}
template <class State>
inline double2 curand_normal2_double(State *state) {
    return ::hpcraft_cuda::random::wide_pair(state);
}
template <class State>
inline float curand_normal(State *state) {
    if (state->boxmuller_flag) {
        state->boxmuller_flag = 0;
        return state->boxmuller_extra;
    }
    const float2 both = curand_normal2(state);
    state->boxmuller_extra = both.y;
    state->boxmuller_flag = 1;
    return both.x;
}
template <class State>
inline double curand_normal_double(State *state) {
    if (state->boxmuller_flag_double) {
        state->boxmuller_flag_double = 0;
        return state->boxmuller_extra_double;
    }
    const double2 both = curand_normal2_double(state);
    state->boxmuller_extra_double = both.y;
    state->boxmuller_flag_double = 1;
    return both.x;
}
inline float4 curand_normal4(curandStatePhilox4_32_10_t *state) {
    const uint4 v = curand4(state);
    const float2 a = ::hpcraft_cuda::random::normals(v.x, v.y), b = ::hpcraft_cuda::random::normals(v.z, v.w);
    return make_float4(a.x, a.y, b.x, b.y);
}
inline double4 curand_normal4_double(curandStatePhilox4_32_10_t *state) {
    const double2 a = curand_normal2_double(state), b = curand_normal2_double(state);
    return make_double4(a.x, a.y, b.x, b.y);
}

template <class State>
inline float curand_log_normal(State *state, float mean, float deviation) {
    return std::exp(mean + deviation * curand_normal(state));
}
template <class State>
inline float2 curand_log_normal2(State *state, float mean, float deviation) {
    const float2 v = curand_normal2(state);
    return make_float2(std::exp(mean + deviation * v.x), std::exp(mean + deviation * v.y));
}
template <class State>
inline double curand_log_normal_double(State *state, double mean, double deviation) {
    return std::exp(mean + deviation * curand_normal_double(state));
}
template <class State>
inline double2 curand_log_normal2_double(State *state, double mean, double deviation) {
    const double2 v = curand_normal2_double(state);
    return make_double2(std::exp(mean + deviation * v.x), std::exp(mean + deviation * v.y));
}
inline float4 curand_log_normal4(curandStatePhilox4_32_10_t *state, float mean, float deviation) {
    const float4 v = curand_normal4(state);
    return make_float4(
        std::exp(mean + deviation * v.x), std::exp(mean + deviation * v.y), std::exp(mean + deviation * v.z), std::exp(mean + deviation * v.w));
}

// By products of uniform numbers for small means, by Hörmann's transformed rejection (PTRS) above.
template <class State>
inline unsigned int curand_poisson(State *state, double mean) {
    if (mean < 10) {
        const double limit = std::exp(-mean);
        unsigned count = 0;
        for (double left = curand_uniform_double(state); left > limit; left *= curand_uniform_double(state)) ++count;
        return count;
    }
    const double root = std::sqrt(mean), log_mean = std::log(mean), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
    const double alpha = 1.1239 + 1.1328 / (b - 3.4), squeeze = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = curand_uniform_double(state) - 0.5, v = curand_uniform_double(state), us = 0.5 - std::fabs(u);
        const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= squeeze) return static_cast<unsigned>(k);
        if (k < 0 || (us < 0.013 && v > us)) continue;
        if (std::log(v * alpha / (a / (us * us) + b)) <= k * log_mean - mean - std::lgamma(k + 1)) return static_cast<unsigned>(k);
    }
}
inline uint4 curand_poisson4(curandStatePhilox4_32_10_t *state, double mean) {
    uint4 v;
    v.x = curand_poisson(state, mean), v.y = curand_poisson(state, mean), v.z = curand_poisson(state, mean), v.w = curand_poisson(state, mean);
    return v;
}
