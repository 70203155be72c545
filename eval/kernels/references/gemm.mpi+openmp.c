#include <mpi.h>
#include <stdlib.h>
#include <string.h>

void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *first = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        const int lo = (int)((long long)m * r / ranks), hi = (int)((long long)m * (r + 1) / ranks);
        first[r] = lo * n;
        counts[r] = (hi - lo) * n;
    }
    const int begin = (int)((long long)m * rank / ranks), end = (int)((long long)m * (rank + 1) / ranks);
#pragma omp parallel for
    for (int i = begin; i < end; i++) {
        double *row = C + (size_t)i * n;
        memset(row, 0, n * sizeof(double));
        for (int l = 0; l < k; l++) {
            const double a = A[(size_t)i * k + l];
            for (int j = 0; j < n; j++) row[j] += a * B[(size_t)l * n + j];
        }
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, C, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);
    free(first);
    free(counts);
}
