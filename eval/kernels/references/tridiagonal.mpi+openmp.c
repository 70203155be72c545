#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

static void solve(int n, const double *a, const double *b, const double *c, const double *d, double *x, double *cp) {
    cp[0] = c[0] / b[0];
    x[0] = d[0] / b[0];
    for (int i = 1; i < n; i++) {
        const double scale = 1.0 / (b[i] - a[i] * cp[i - 1]);
        cp[i] = c[i] * scale;
        x[i] = (d[i] - a[i] * x[i - 1]) * scale;
    }
    for (int i = n - 2; i >= 0; i--) x[i] -= cp[i] * x[i + 1];
}

void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0, start = 0; r < ranks; r++) {
        counts[r] = (systems / ranks + (r < systems % ranks)) * n;
        displs[r] = start;
        start += counts[r];
    }
    const int first = displs[rank] / n, last = first + counts[rank] / n;
#pragma omp parallel
    {
        double *cp = malloc(n * sizeof(double));
#pragma omp for
        for (int s = first; s < last; s++) {
            const size_t at = (size_t)s * n;
            solve(n, lower + at, diagonal + at, upper + at, rhs + at, x + at, cp);
        }
        free(cp);
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
