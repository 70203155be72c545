#include <stdint.h>

#pragma acc routine seq
static uint32_t scramble(uint32_t h) {
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    return h;
}

long monte_carlo_pi(long n, unsigned int seed) {
    long hits = 0;
#pragma acc parallel loop reduction(+ : hits) copy(hits)
    for (long i = 0; i < n; i++) {
        const uint32_t k = seed + 2u * (uint32_t)i;
        const uint64_t x = scramble(k) >> 1;
        const uint64_t y = scramble(k + 1u) >> 1;
        if (x * x + y * y < (1ull << 62)) hits++;
    }
    return hits;
}
