#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    (void)n;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *offsets = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        const int rows = m / ranks + (r < m % ranks);
        counts[r] = rows * k;
        offsets[r] = r == 0 ? 0 : offsets[r - 1] + counts[r - 1];
    }
    const int from = offsets[rank] / k, to = from + counts[rank] / k;
#pragma omp parallel for schedule(dynamic, 8)
    for (int i = from; i < to; i++)
        for (int c = 0; c < k; c++) {
            float sum = 0.0f;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * X[(size_t)col[e] * k + c];
            Y[(size_t)i * k + c] = sum;
        }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, Y, counts, offsets, MPI_FLOAT, MPI_COMM_WORLD);
    free(offsets);
    free(counts);
}
