#include <mpi.h>

#include <algorithm>

extern "C" void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums,
                                   long *counts) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::fill_n(sums, bins, 0.0);
    std::fill_n(counts, bins, 0L);
    const int base = n / ranks, rest = n % ranks;
    const int begin = rank * base + std::min(rank, rest), end = begin + base + (rank < rest ? 1 : 0);
    for (int i = begin; i < end; ++i) {
        if (x[i] < low || x[i] > high) continue;
        const int bin = x[i] == high ? bins - 1 : static_cast<int>((x[i] - low) / (high - low) * bins);
        sums[bin] += weight[i];
        ++counts[bin];
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, bins, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, counts, bins, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
}
