#include <stdint.h>

static uint32_t hash(uint32_t h) {
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    return h ^ (h >> 16);
}

long monte_carlo_pi(long n, unsigned int seed) {
    const uint64_t limit = (uint64_t)1 << 62;
    long hits = 0;
    for (long i = 0; i < n; i++) {
        const uint32_t counter = seed + 2u * (uint32_t)i;
        const uint64_t x = hash(counter) >> 1, y = hash(counter + 1u) >> 1;
        if (x * x + y * y < limit) hits++;
    }
    return hits;
}
