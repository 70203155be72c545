#include <mpi.h>
#include <stdlib.h>

/* How many of the first k merged elements come from a. */
static int taken_from_a(int k, int m, int n, const double *a, const double *b) {
    int lo = k > n ? k - n : 0, hi = k < m ? k : m;
    while (lo < hi) {
        const int i = lo + (hi - lo) / 2;
        if (a[i] <= b[k - i - 1])
            lo = i + 1;
        else
            hi = i;
    }
    return lo;
}

/* Each rank makes its share of the output. */
void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const long long total = (long long)m + n;
    int *first = malloc(ranks * sizeof(int)), *counts = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        first[r] = (int)(total * r / ranks);
        counts[r] = (int)(total * (r + 1) / ranks) - first[r];
    }
    int i = taken_from_a(first[rank], m, n, a, b), j = first[rank] - i;
    for (int k = first[rank]; k < first[rank] + counts[rank]; k++) {
        if (j == n || (i < m && a[i] <= b[j])) {
            c[k] = a[i];
            source[k] = i;
            i++;
        } else {
            c[k] = b[j];
            source[k] = m + j;
            j++;
        }
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, c, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, source, counts, first, MPI_INT, MPI_COMM_WORLD);
    free(counts);
    free(first);
}
