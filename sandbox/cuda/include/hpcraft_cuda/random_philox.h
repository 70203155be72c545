// cuRAND's Philox4x32-10, bit for bit: Salmon's counter-based generator with ten rounds. Subsequences are the upper half of the counter.
#pragma once

#include "vector_types.h"

struct curandStatePhilox4_32_10 {
    uint4 ctr, output;
    uint2 key;
    unsigned int STATE;  // words of `output` that are taken
    int boxmuller_flag, boxmuller_flag_double;
    float boxmuller_extra;
    double boxmuller_extra_double;
};
typedef struct curandStatePhilox4_32_10 curandStatePhilox4_32_10_t;

inline uint4 curand_Philox4x32_10(uint4 counter, uint2 key) {
    for (int round = 0; round < 10; ++round) {
        const unsigned long long a = 0xd2511f53ull * counter.x, b = 0xcd9e8d57ull * counter.z;
        counter = uint4{static_cast<unsigned>(b >> 32) ^ counter.y ^ key.x, static_cast<unsigned>(b),
                        static_cast<unsigned>(a >> 32) ^ counter.w ^ key.y, static_cast<unsigned>(a)};
        key.x += 0x9e3779b9u;
        key.y += 0xbb67ae85u;
    }
    return counter;
}

namespace hpcraft_cuda::random {

// Adds to the words from `at` on, and carries.
inline void count_up(uint4 &counter, unsigned long long n, int at) {
    unsigned *words[] = {&counter.x, &counter.y, &counter.z, &counter.w};
    for (; at < 4 && n; ++at) {
        const unsigned long long sum = (n & 0xffffffffu) + *words[at];
        *words[at] = static_cast<unsigned>(sum);
        n = (n >> 32) + (sum >> 32);
    }
}

}  // namespace hpcraft_cuda::random

inline void skipahead(unsigned long long n, curandStatePhilox4_32_10_t *state) {
    state->STATE += static_cast<unsigned>(n & 3);
    ::hpcraft_cuda::random::count_up(state->ctr, n / 4 + state->STATE / 4, 0);
    state->STATE %= 4;
    state->output = curand_Philox4x32_10(state->ctr, state->key);
}
inline void skipahead_sequence(unsigned long long n, curandStatePhilox4_32_10_t *state) {
    ::hpcraft_cuda::random::count_up(state->ctr, n, 2);
    state->output = curand_Philox4x32_10(state->ctr, state->key);
}
inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset, curandStatePhilox4_32_10_t *state) {
    *state = curandStatePhilox4_32_10{};
    state->key = uint2{static_cast<unsigned>(seed), static_cast<unsigned>(seed >> 32)};
    skipahead_sequence(subsequence, state);
    skipahead(offset, state);
}
inline unsigned int curand(curandStatePhilox4_32_10_t *state) {
    const unsigned words[] = {state->output.x, state->output.y, state->output.z, state->output.w};
    const unsigned result = words[state->STATE];
    if (state->STATE < 3) ++state->STATE;
    else skipahead(1, state);
    return result;
}
inline uint4 curand4(curandStatePhilox4_32_10_t *state) {
    const uint4 first = state->output;
    const unsigned taken = state->STATE;
    ::hpcraft_cuda::random::count_up(state->ctr, 1, 0);
    state->output = curand_Philox4x32_10(state->ctr, state->key);
    const unsigned words[] = {first.x, first.y, first.z, first.w, state->output.x, state->output.y, state->output.z};
    return uint4{words[taken], words[taken + 1], words[taken + 2], words[taken + 3]};
}
