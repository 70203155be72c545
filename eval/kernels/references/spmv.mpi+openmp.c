#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        displs[r] = (int)((long)n * r / ranks);
        counts[r] = (int)((long)n * (r + 1) / ranks) - displs[r];
    }
    const int last = displs[rank] + counts[rank];
#pragma omp parallel for schedule(guided)
    for (int i = displs[rank]; i < last; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
        y[i] = sum;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
