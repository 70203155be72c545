#include <stdint.h>

#pragma omp declare target
static uint32_t hash(uint32_t h) {
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    return h;
}
#pragma omp end declare target

long monte_carlo_pi(long n, unsigned int seed) {
    long hits = 0;
#pragma omp target teams distribute parallel for reduction(+ : hits) map(tofrom : hits)
    for (long i = 0; i < n; i++) {
        const uint32_t first = seed + 2u * (uint32_t)i;
        const uint64_t x = hash(first) >> 1, y = hash(first + 1u) >> 1;
        if (x * x + y * y < (uint64_t)1 << 62) hits += 1;
    }
    return hits;
}
