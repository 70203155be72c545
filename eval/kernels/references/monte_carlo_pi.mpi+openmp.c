#include <mpi.h>
#include <omp.h>
#include <stdint.h>

static uint32_t hash(uint32_t h) {
    h = (h ^ h >> 16) * 0x45d9f3bu;
    h = (h ^ h >> 16) * 0x45d9f3bu;
    return h ^ h >> 16;
}

long monte_carlo_pi(long n, unsigned int seed) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const long base = n / ranks, extra = n % ranks;
    const long start = rank * base + (rank < extra ? rank : extra), stop = start + base + (rank < extra);
    long hits = 0, all = 0;
#pragma omp parallel for reduction(+ : hits) schedule(static)
    for (long i = start; i < stop; i++) {
        const uint32_t counter = seed + 2u * (uint32_t)i;
        const uint64_t x = hash(counter) >> 1, y = hash(counter + 1u) >> 1;
        hits += (x * x + y * y) >> 62 == 0;
    }
    MPI_Allreduce(&hits, &all, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    return all;
}
