#include <mpi.h>
#include <omp.h>
#include <cstdint>

namespace {

std::uint64_t coordinate(std::uint32_t h) {
    for (int i = 0; i < 2; ++i) {
        h ^= h >> 16;
        h *= 0x45d9f3bu;
    }
    h ^= h >> 16;
    return h >> 1;
}

}  // namespace

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const long begin = n / ranks * rank, end = rank == ranks - 1 ? n : n / ranks * (rank + 1);
    long count = 0, total = 0;
#pragma omp parallel for reduction(+ : count)
    for (long i = begin; i < end; ++i) {
        const auto first = static_cast<std::uint32_t>(seed + 2 * static_cast<std::uint64_t>(i));
        const std::uint64_t x = coordinate(first), y = coordinate(first + 1);
        if (((x * x + y * y) >> 62) == 0) ++count;
    }
    MPI_Reduce(&count, &total, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    return total;
}
