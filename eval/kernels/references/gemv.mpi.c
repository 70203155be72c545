#include <mpi.h>
#include <stdlib.h>

void gemv(int m, int n, const double *A, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int));
    int *first = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        const int from = (int)((long long)m * r / ranks), to = (int)((long long)m * (r + 1) / ranks);
        first[r] = from;
        counts[r] = (to - from);
    }
    const int lo = (int)((long long)m * rank / ranks), hi = (int)((long long)m * (rank + 1) / ranks);
    for (int i = lo; i < hi; i++) {
        double sum = 0.0;
        for (int j = 0; j < n; j++) sum += A[(size_t)i * n + j] * x[j];
        y[i] = sum;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);
    free(first);
    free(counts);
}
