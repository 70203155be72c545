#include <cstdint>

#pragma acc routine seq
static std::uint32_t mix(std::uint32_t h) {
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    return h ^ (h >> 16);
}

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    constexpr std::uint64_t radius_squared = 1ull << 62;
    long inside = 0;
#pragma acc parallel loop gang vector reduction(+ : inside) copy(inside)
    for (long i = 0; i < n; ++i) {
        const std::uint32_t counter = seed + 2u * static_cast<std::uint32_t>(i);
        std::uint64_t distance = 0;
        for (std::uint32_t axis = 0; axis < 2; ++axis) {
            const std::uint64_t c = mix(counter + axis) >> 1;
            distance += c * c;
        }
        if (distance < radius_squared) ++inside;
    }
    return inside;
}
