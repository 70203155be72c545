#include <cstdint>

#pragma omp declare target
namespace {

struct Hash {
    std::uint32_t state;

    std::uint64_t coordinate() const {
        std::uint32_t h = state;
        h = (h ^ (h >> 16)) * 0x45d9f3bu;
        h = (h ^ (h >> 16)) * 0x45d9f3bu;
        return (h ^ (h >> 16)) >> 1;
    }
};

}  // namespace
#pragma omp end declare target

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    long hits = 0;
#pragma omp target teams distribute parallel for reduction(+ : hits) map(tofrom : hits)
    for (long i = 0; i < n; ++i) {
        const auto counter = static_cast<std::uint32_t>(seed + 2 * i);
        const std::uint64_t x = Hash{counter}.coordinate(), y = Hash{counter + 1}.coordinate();
        hits += x * x + y * y < (std::uint64_t{1} << 62) ? 1 : 0;
    }
    return hits;
}
