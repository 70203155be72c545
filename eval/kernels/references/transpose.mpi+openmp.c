#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

void transpose(int m, int n, const float *A, float *B) {
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int *counts = malloc(size * sizeof(int)), *offsets = malloc(size * sizeof(int));
    for (int r = 0; r < size; r++) {
        const int from = (int)((long)n * r / size), to = (int)((long)n * (r + 1) / size);
        offsets[r] = from * m;
        counts[r] = (to - from) * m;
    }
    const int lo = (int)((long)n * rank / size), hi = (int)((long)n * (rank + 1) / size);
#pragma omp parallel for collapse(2)
    for (int j = lo; j < hi; j++)
        for (int i = 0; i < m; i++) B[(size_t)j * m + i] = A[(size_t)i * n + j];
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, B, counts, offsets, MPI_FLOAT, MPI_COMM_WORLD);
    free(offsets);
    free(counts);
}
