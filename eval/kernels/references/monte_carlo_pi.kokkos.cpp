#include <Kokkos_Core.hpp>

#include <cstdint>

KOKKOS_INLINE_FUNCTION std::uint32_t scrambled(std::uint32_t h) {
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    return h ^ (h >> 16);
}

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    long hits = 0;
    Kokkos::parallel_reduce(
        "hits", Kokkos::RangePolicy<Kokkos::IndexType<long>>(0, n),
        KOKKOS_LAMBDA(long i, long &count) {
            const std::uint32_t counter = seed + 2u * static_cast<std::uint32_t>(i);
            const std::uint64_t x = scrambled(counter) >> 1, y = scrambled(counter + 1u) >> 1;
            if (x * x + y * y < (std::uint64_t{1} << 62)) ++count;
        },
        hits);
    return hits;
}
