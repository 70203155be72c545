#include <cstdint>

namespace {

class Generator {
public:
    explicit Generator(std::uint32_t seed) : counter_(seed) {}

    std::uint64_t next() {
        std::uint32_t h = counter_++;
        for (int round = 0; round < 2; ++round) {
            h ^= h >> 16;
            h *= 0x45d9f3bu;
        }
        h ^= h >> 16;
        return h >> 1;
    }

private:
    std::uint32_t counter_;
};

}  // namespace

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    Generator random(seed);
    long inside = 0;
    for (long i = 0; i < n; ++i) {
        const std::uint64_t x = random.next();
        const std::uint64_t y = random.next();
        inside += x * x + y * y < (std::uint64_t{1} << 62);
    }
    return inside;
}
