#include <stdint.h>

static inline uint64_t coordinate(uint32_t h) {
    h = (h ^ (h >> 16)) * 0x45d9f3bu;
    h = (h ^ (h >> 16)) * 0x45d9f3bu;
    return (h ^ (h >> 16)) >> 1;
}

long monte_carlo_pi(long n, unsigned int seed) {
    long hits = 0;
#pragma omp parallel for reduction(+ : hits)
    for (long i = 0; i < n; i++) {
        const uint64_t x = coordinate(seed + 2u * (uint32_t)i);
        const uint64_t y = coordinate(seed + 2u * (uint32_t)i + 1u);
        hits += x * x + y * y < 1ull << 62;
    }
    return hits;
}
