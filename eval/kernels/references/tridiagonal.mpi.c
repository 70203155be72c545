#include <mpi.h>
#include <stdlib.h>

static void thomas(int n, const double *a, const double *b, const double *c, const double *d, double *x, double *pivot) {
    pivot[0] = b[0];
    x[0] = d[0];
    for (int i = 1; i < n; i++) {
        const double w = a[i] / pivot[i - 1];
        pivot[i] = b[i] - w * c[i - 1];
        x[i] = d[i] - w * x[i - 1];
    }
    x[n - 1] /= pivot[n - 1];
    for (int i = n - 2; i >= 0; i--) x[i] = (x[i] - c[i] * x[i + 1]) / pivot[i];
}

void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        const int from = (int)((long)systems * r / ranks), to = (int)((long)systems * (r + 1) / ranks);
        displs[r] = from * n;
        counts[r] = (to - from) * n;
    }
    double *pivot = malloc(n * sizeof(double));
    for (int at = displs[rank]; at < displs[rank] + counts[rank]; at += n) thomas(n, lower + at, diagonal + at, upper + at, rhs + at, x + at, pivot);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(pivot);
    free(displs);
    free(counts);
}
