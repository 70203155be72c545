#include <mpi.h>
#include <stdlib.h>

/* The number of elements of the sorted x before which `value` may stand; after equal ones where `after` is set. */
static int place(const double *x, int n, double value, int after) {
    int at = 0;
    for (int end = n; at < end;) {
        const int probe = (at + end) / 2;
        const int right = after ? x[probe] <= value : x[probe] < value;
        if (right)
            at = probe + 1;
        else
            end = probe;
    }
    return at;
}

void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    /* What no other rank writes is zero there, so that sums bring all shares together. */
    double *values = calloc(m + n + 1, sizeof(double));
    int *origins = calloc(m + n + 1, sizeof(int));
#pragma omp parallel for
    for (int i = rank; i < m; i += ranks) {
        const int k = i + place(b, n, a[i], 0);
        values[k] = a[i];
        origins[k] = i;
    }
#pragma omp parallel for
    for (int j = rank; j < n; j += ranks) {
        const int k = j + place(a, m, b[j], 1);
        values[k] = b[j];
        origins[k] = m + j;
    }
    MPI_Allreduce(values, c, m + n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(origins, source, m + n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    free(origins);
    free(values);
}
