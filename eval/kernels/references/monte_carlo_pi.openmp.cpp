#include <cstdint>

namespace {

std::uint32_t hash(std::uint32_t h) {
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    return h;
}

bool inside(std::uint32_t counter) {
    const std::uint64_t x = hash(counter) >> 1;
    const std::uint64_t y = hash(counter + 1) >> 1;
    return x * x + y * y < (1ull << 62);
}

}  // namespace

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    long total = 0;
#pragma omp parallel
    {
        long mine = 0;
#pragma omp for nowait schedule(static)
        for (long i = 0; i < n; ++i)
            if (inside(seed + 2 * static_cast<std::uint32_t>(i))) ++mine;
#pragma omp atomic
        total += mine;
    }
    return total;
}
