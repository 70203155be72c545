#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

static int search(const long *sorted, int n, long key) {
    int left = -1, right = n;
    while (right - left > 1) {
        const int middle = left + (right - left) / 2;
        if (sorted[middle] < key)
            left = middle;
        else
            right = middle;
    }
    return right;
}

void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int));
    int *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        displs[r] = (int)((long)m * r / ranks);
        counts[r] = (int)((long)m * (r + 1) / ranks) - displs[r];
    }
    const int start = displs[rank], stop = start + counts[rank];
#pragma omp parallel for
    for (int j = start; j < stop; j++) position[j] = search(sorted, n, keys[j]);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, position, counts, displs, MPI_INT, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
