#include <mpi.h>
#include <stdlib.h>

void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums, long *counts) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double *my_sums = calloc(bins, sizeof(double));
    long *my_counts = calloc(bins, sizeof(long));
    const double scale = bins / (high - low);
    for (int i = rank; i < n; i += ranks) {
        if (x[i] < low || x[i] > high) continue;
        int b = (int)((x[i] - low) * scale);
        if (b == bins) b--;
        my_sums[b] += weight[i];
        my_counts[b]++;
    }
    MPI_Reduce(my_sums, sums, bins, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Reduce(my_counts, counts, bins, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    free(my_counts);
    free(my_sums);
}
