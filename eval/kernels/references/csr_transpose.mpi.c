#include <mpi.h>
#include <stdlib.h>

/* A rank makes the rows of the transpose that belong to its block of columns; these are contiguous in the result. */
void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int j = 0; j <= n; j++) t_row_ptr[j] = 0;
    for (int e = 0; e < row_ptr[m]; e++) t_row_ptr[col[e] + 1]++;
    for (int j = 0; j < n; j++) t_row_ptr[j + 1] += t_row_ptr[j];

    const int lo = (int)((long)n * rank / ranks), hi = (int)((long)n * (rank + 1) / ranks);
    int *next = malloc((hi - lo + 1) * sizeof(int));
    for (int j = lo; j < hi; j++) next[j - lo] = t_row_ptr[j];
    for (int i = 0; i < m; i++)
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++)
            if (col[e] >= lo && col[e] < hi) {
                const int at = next[col[e] - lo]++;
                t_col[at] = i;
                t_val[at] = val[e];
            }
    free(next);

    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        displs[r] = t_row_ptr[(long)n * r / ranks];
        counts[r] = t_row_ptr[(long)n * (r + 1) / ranks] - displs[r];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, t_col, counts, displs, MPI_INT, MPI_COMM_WORLD);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, t_val, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
