#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static int compare_ints(const void *a, const void *b) {
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void merge(const int *a, int m, const int *b, int n, int *out) {
    int i = 0, j = 0;
    while (i < m || j < n) {
        if (j == n || (i < m && a[i] <= b[j]))
            *out++ = a[i++];
        else
            *out++ = b[j++];
    }
}

/* Tasks sort the halves down to short pieces. */
static void sort_share(int *x, int n, int *scratch) {
    if (n < 200) {
        qsort(x, n, sizeof(int), compare_ints);
        return;
    }
#pragma omp task
    sort_share(x, n / 2, scratch);
    sort_share(x + n / 2, n - n / 2, scratch + n / 2);
#pragma omp taskwait
    merge(x, n / 2, x + n / 2, n - n / 2, scratch);
    memcpy(x, scratch, n * sizeof(int));
}

void sort_int(int n, int *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int)), *scratch = malloc((n + 1) * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        displs[r] = (int)((long long)n * r / ranks);
        counts[r] = (int)((long long)n * (r + 1) / ranks) - displs[r];
    }
    int *own = x + displs[rank];
#pragma omp parallel
#pragma omp single
    sort_share(own, counts[rank], scratch);
    MPI_Gatherv(rank == 0 ? MPI_IN_PLACE : own, counts[rank], MPI_INT, x, counts, displs, MPI_INT, 0, MPI_COMM_WORLD);
    if (rank == 0)
        for (int r = 1; r < ranks; r++) {
            merge(x, displs[r], x + displs[r], counts[r], scratch);
            memcpy(x, scratch, (displs[r] + counts[r]) * sizeof(int));
        }
    free(scratch);
    free(displs);
    free(counts);
}
