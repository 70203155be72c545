#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

static int bound(int n, int part, int parts) { return (int)((long long)n * part / parts); }

/* Scans x to y with the threads of this rank, from `start` on; returns what it ends with. */
static double scan_share(int n, const double *x, double *y, double start) {
    double *sums = calloc(omp_get_max_threads() + 1, sizeof(double));
#pragma omp parallel
    {
        const int t = omp_get_thread_num(), threads = omp_get_num_threads();
        double sum = 0.0;
        for (int i = bound(n, t, threads); i < bound(n, t + 1, threads); i++) sum += x[i];
        sums[t] = sum;
#pragma omp barrier
        sum = start;
        for (int other = 0; other < t; other++) sum += sums[other];
        for (int i = bound(n, t, threads); i < bound(n, t + 1, threads); i++) {
            sum += x[i];
            y[i] = sum;
        }
    }
    free(sums);
    return n > 0 ? y[n - 1] : start;
}

void prefix_sum(int n, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *starts = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        starts[r] = bound(n, r, ranks);
        counts[r] = bound(n, r + 1, ranks) - starts[r];
    }
    double *mine = y + starts[rank], own = scan_share(counts[rank], x + starts[rank], mine, 0.0), before = 0.0;
    MPI_Exscan(&own, &before, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    if (rank > 0) {
#pragma omp parallel for
        for (int i = 0; i < counts[rank]; i++) mine[i] += before;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, starts, MPI_DOUBLE, MPI_COMM_WORLD);
    free(starts);
    free(counts);
}
