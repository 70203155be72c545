// cuRAND's XORWOW generator, bit for bit: Marsaglia's with its Weyl sequence, seeded as cuRAND does; subsequences are 2^67 apart.
#pragma once

#include <cstdint>

#include "hpcraft_cuda/unchecked.h"

namespace hpcraft_cuda::random {

// A step of the five words is linear over bits: a matrix of 160 columns, which is squared to go further.
struct Jump {
    std::uint32_t column[160][5];

    HPCRAFT_CUDA_UNCHECKED void apply(const std::uint32_t (&from)[5], std::uint32_t (&to)[5]) const {
        std::uint32_t sum[5] = {};
        for (int bit = 0; bit < 160; ++bit) {
            if (!(from[bit / 32] >> bit % 32 & 1)) continue;
            for (int word = 0; word < 5; ++word) sum[word] ^= column[bit][word];
        }
        for (int word = 0; word < 5; ++word) to[word] = sum[word];
    }
};

inline void xorwow_step(std::uint32_t (&v)[5]) {
    const std::uint32_t t = v[0] ^ v[0] >> 2;
    v[0] = v[1], v[1] = v[2], v[2] = v[3], v[3] = v[4];
    v[4] = v[4] ^ v[4] << 4 ^ t ^ t << 1;
}

// Steps by 2^0 ... 2^130: all that an offset and a subsequence of 64 bits can ask for.
class Jumps {
public:
    HPCRAFT_CUDA_UNCHECKED Jumps() : jumps_(new Jump[COUNT]) {
        for (int bit = 0; bit < 160; ++bit) {
            std::uint32_t v[5] = {};
            v[bit / 32] = 1u << bit % 32;
            xorwow_step(v);
            for (int word = 0; word < 5; ++word) jumps_[0].column[bit][word] = v[word];
        }
        for (int k = 1; k < COUNT; ++k)
            for (int bit = 0; bit < 160; ++bit) jumps_[k - 1].apply(jumps_[k - 1].column[bit], jumps_[k].column[bit]);
    }
    HPCRAFT_CUDA_UNCHECKED void advance(std::uint32_t (&v)[5], unsigned long long steps, int power) const {
        for (; steps; steps >>= 1, ++power)
            if (steps & 1) jumps_[power].apply(v, v);
    }

private:
    static constexpr int COUNT = 131;
    Jump *jumps_;  // for ever
};
// Steps by `steps` times 2^power. Checks need not see the tables, which belong to no program.
HPCRAFT_CUDA_UNCHECKED inline void jump(std::uint32_t (&v)[5], unsigned long long steps, int power) {
    static const Jumps jumps;
    jumps.advance(v, steps, power);
}

}  // namespace hpcraft_cuda::random

struct curandStateXORWOW {
    unsigned int d, v[5];
    int boxmuller_flag, boxmuller_flag_double;
    float boxmuller_extra;
    double boxmuller_extra_double;
};
typedef struct curandStateXORWOW curandStateXORWOW_t;
typedef struct curandStateXORWOW curandState_t;
typedef struct curandStateXORWOW curandState;

namespace hpcraft_cuda::random {
inline void jump(curandStateXORWOW_t &state, unsigned long long steps, int power) {
    std::uint32_t v[5] = {state.v[0], state.v[1], state.v[2], state.v[3], state.v[4]};
    jump(v, steps, power);
    for (int word = 0; word < 5; ++word) state.v[word] = v[word];
}
}  // namespace hpcraft_cuda::random

inline void skipahead(unsigned long long n, curandStateXORWOW_t *state) {
    ::hpcraft_cuda::random::jump(*state, n, 0);
    state->d += 362437u * static_cast<unsigned>(n);
}
inline void skipahead_sequence(unsigned long long n, curandStateXORWOW_t *state) {
    ::hpcraft_cuda::random::jump(*state, n, 67);
}
inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset, curandStateXORWOW_t *state) {
    const unsigned low = static_cast<unsigned>(seed) ^ 0xaad26b49u, high = static_cast<unsigned>(seed >> 32) ^ 0xf7dcefddu;
    const unsigned a = 1099087573u * low, b = 2591861531u * high;
    *state = curandStateXORWOW{6615241u + b + a, {123456789u + a, 362436069u ^ a, 521288629u + b, 88675123u ^ b, 5783321u + a}, 0, 0, 0, 0};
    skipahead_sequence(subsequence, state);
    skipahead(offset, state);
}
inline unsigned int curand(curandStateXORWOW_t *state) {
    ::hpcraft_cuda::random::xorwow_step(state->v);
    state->d += 362437u;
    return state->v[4] + state->d;
}
