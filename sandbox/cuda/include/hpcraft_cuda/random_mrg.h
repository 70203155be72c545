// cuRAND's MRG32k3a: L'Ecuyer's combination of two recurrences of order 3. Subsequences are 2^76 apart.
#pragma once

#include <cstdint>

#include "hpcraft_cuda/unchecked.h"

struct curandStateMRG32k3a {
    unsigned int s1[3], s2[3];
    int boxmuller_flag, boxmuller_flag_double;
    float boxmuller_extra;
    double boxmuller_extra_double;
};
typedef struct curandStateMRG32k3a curandStateMRG32k3a_t;

namespace hpcraft_cuda::random {

constexpr std::uint64_t MRG_1 = 4294967087u, MRG_2 = 4294944443u;

struct Matrix3 {
    std::uint64_t at[3][3];
};
// The steps of the two recurrences: the newest value comes last.
constexpr Matrix3 MRG_STEP_1{{{0, 1, 0}, {0, 0, 1}, {MRG_1 - 810728, 1403580, 0}}};
constexpr Matrix3 MRG_STEP_2{{{0, 1, 0}, {0, 0, 1}, {MRG_2 - 1370589, 0, 527612}}};

inline Matrix3 product(const Matrix3 &a, const Matrix3 &b, std::uint64_t modulus) {
    Matrix3 result{};
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
            for (int k = 0; k < 3; ++k) result.at[i][j] = (result.at[i][j] + a.at[i][k] * b.at[k][j] % modulus) % modulus;
    return result;
}
// Steps by 2^0 ... 2^190, in both recurrences.
class Powers {
public:
    HPCRAFT_CUDA_UNCHECKED Powers() : powers_{{MRG_STEP_1}, {MRG_STEP_2}} {
        for (int k = 1; k < COUNT; ++k) {
            powers_[0][k] = product(powers_[0][k - 1], powers_[0][k - 1], MRG_1);
            powers_[1][k] = product(powers_[1][k - 1], powers_[1][k - 1], MRG_2);
        }
    }
    // `steps` times 2^power steps.
    HPCRAFT_CUDA_UNCHECKED void advance(curandStateMRG32k3a_t *state, unsigned long long steps, int power) const {
        for (; steps; steps >>= 1, ++power) {
            if (!(steps & 1)) continue;
            apply(powers_[0][power], state->s1, MRG_1);
            apply(powers_[1][power], state->s2, MRG_2);
        }
    }

private:
    static constexpr int COUNT = 191;
    HPCRAFT_CUDA_UNCHECKED static void apply(const Matrix3 &matrix, unsigned int (&state)[3], std::uint64_t modulus) {
        std::uint64_t sum[3] = {};
        for (int i = 0; i < 3; ++i)
            for (int k = 0; k < 3; ++k) sum[i] = (sum[i] + matrix.at[i][k] * state[k] % modulus) % modulus;
        for (int i = 0; i < 3; ++i) state[i] = static_cast<unsigned>(sum[i]);
    }
    Matrix3 powers_[2][COUNT];
};
HPCRAFT_CUDA_UNCHECKED inline void advance_unchecked(curandStateMRG32k3a_t *state, unsigned long long steps, int power) {
    static const Powers powers;
    powers.advance(state, steps, power);
}
inline void advance(curandStateMRG32k3a_t *state, unsigned long long steps, int power) {
    curandStateMRG32k3a_t copy = *state;
    advance_unchecked(&copy, steps, power);
    *state = copy;
}
// From 1 to MRG_1.
inline std::uint64_t next(curandStateMRG32k3a_t *state) {
    const std::uint64_t a = (1403580u * std::uint64_t{state->s1[1]} + (MRG_1 - 810728) * state->s1[0] % MRG_1) % MRG_1;
    const std::uint64_t b = (527612u * std::uint64_t{state->s2[2]} + (MRG_2 - 1370589) * state->s2[0] % MRG_2) % MRG_2;
    state->s1[0] = state->s1[1], state->s1[1] = state->s1[2], state->s1[2] = static_cast<unsigned>(a);
    state->s2[0] = state->s2[1], state->s2[1] = state->s2[2], state->s2[2] = static_cast<unsigned>(b);
    return a > b ? a - b : a + MRG_1 - b;
}

}  // namespace hpcraft_cuda::random

inline void skipahead(unsigned long long n, curandStateMRG32k3a_t *state) { ::hpcraft_cuda::random::advance(state, n, 0); }
inline void skipahead_subsequence(unsigned long long n, curandStateMRG32k3a_t *state) { ::hpcraft_cuda::random::advance(state, n, 76); }
inline void skipahead_sequence(unsigned long long n, curandStateMRG32k3a_t *state) { ::hpcraft_cuda::random::advance(state, n, 127); }
inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset, curandStateMRG32k3a_t *state) {
    using namespace ::hpcraft_cuda::random;
    *state = curandStateMRG32k3a{{12345, 12345, 12345}, {12345, 12345, 12345}, 0, 0, 0, 0};
    if (seed) {
        const std::uint64_t a = static_cast<unsigned>(seed) ^ 0x55555555u, b = static_cast<unsigned>(seed >> 32) ^ 0xaaaaaaaau;
        for (int i = 0; i < 3; ++i) {
            state->s1[i] = static_cast<unsigned>((i == 1 ? b : a) % MRG_1 * 12345 % MRG_1);
            state->s2[i] = static_cast<unsigned>((i == 1 ? a : b) % MRG_2 * 12345 % MRG_2);
        }
    }
    skipahead_subsequence(subsequence, state);
    skipahead(offset, state);
}
inline unsigned int curand(curandStateMRG32k3a_t *state) {
    return static_cast<unsigned>(static_cast<double>(::hpcraft_cuda::random::next(state)) * 1.000000048662);
}
