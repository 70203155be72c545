#include <mpi.h>
#include <stdlib.h>

static int first_row(int m, int rank, int ranks) { return (int)((long long)m * rank / ranks); }

void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    (void)n;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int i = first_row(m, rank, ranks); i < first_row(m, rank + 1, ranks); i++)
        for (int c = 0; c < k; c++) {
            float sum = 0.0f;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * X[(size_t)col[e] * k + c];
            Y[(size_t)i * k + c] = sum;
        }
    int *counts = malloc(ranks * sizeof *counts), *displs = malloc(ranks * sizeof *displs);
    for (int r = 0; r < ranks; r++) {
        displs[r] = first_row(m, r, ranks) * k;
        counts[r] = first_row(m, r + 1, ranks) * k - displs[r];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, Y, counts, displs, MPI_FLOAT, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
