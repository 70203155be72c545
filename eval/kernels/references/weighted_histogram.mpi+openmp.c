#include <mpi.h>
#include <stdlib.h>
#include <string.h>

void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums, long *counts) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), hi = (int)((long)n * (rank + 1) / ranks);
    memset(sums, 0, bins * sizeof(double));
    memset(counts, 0, bins * sizeof(long));
#pragma omp parallel
    {
        double *s = calloc(bins, sizeof(double));
        long *c = calloc(bins, sizeof(long));
#pragma omp for
        for (int i = lo; i < hi; i++) {
            if (x[i] < low || x[i] > high) continue;
            const int at = (int)((x[i] - low) / (high - low) * bins);
            const int b = at < bins ? at : bins - 1;
            s[b] += weight[i];
            c[b] += 1;
        }
#pragma omp critical
        for (int b = 0; b < bins; b++) {
            sums[b] += s[b];
            counts[b] += c[b];
        }
        free(c);
        free(s);
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, bins, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, counts, bins, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
}
