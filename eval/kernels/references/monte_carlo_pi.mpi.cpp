#include <mpi.h>
#include <algorithm>
#include <cstdint>

static std::uint64_t uniform31(std::uint32_t h) {
    h = (h ^ (h >> 16)) * 0x45d9f3bu;
    h = (h ^ (h >> 16)) * 0x45d9f3bu;
    h = h ^ (h >> 16);
    return h >> 1;
}

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const long share = (n + size - 1) / size;
    const long begin = std::min(n, rank * share), end = std::min(n, begin + share);
    long hits = 0;
    std::uint32_t counter = seed + 2u * static_cast<std::uint32_t>(begin);
    for (long i = begin; i < end; ++i, counter += 2) {
        const auto x = uniform31(counter), y = uniform31(counter + 1);
        if (x * x + y * y < (std::uint64_t{1} << 62)) ++hits;
    }
    MPI_Allreduce(MPI_IN_PLACE, &hits, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    return hits;
}
