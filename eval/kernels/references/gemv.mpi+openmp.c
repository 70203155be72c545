#include <mpi.h>
#include <stdlib.h>

void gemv(int m, int n, const double *A, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *first = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        first[r] = (int)((long long)m * r / ranks);
        counts[r] = (int)((long long)m * (r + 1) / ranks) - first[r];
    }
#pragma omp parallel for
    for (int i = first[rank]; i < first[rank] + counts[rank]; i++) {
        const double *row = A + (size_t)i * n;
        double sum = 0.0;
        for (int j = 0; j < n; j++) sum += row[j] * x[j];
        y[i] = sum;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);
    free(first);
    free(counts);
}
