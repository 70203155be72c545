#include <mpi.h>
#include <stdlib.h>

void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *starts = malloc((ranks + 1) * sizeof(int));
    starts[0] = 0;
    for (int r = 0; r < ranks; r++) {
        counts[r] = m / ranks + (r < m % ranks ? 1 : 0);
        starts[r + 1] = starts[r] + counts[r];
    }
    for (int j = starts[rank]; j < starts[rank + 1]; j++) {
        int lo = 0, hi = n;
        while (lo < hi) {
            int mid = (lo + hi) >> 1;
            if (sorted[mid] < keys[j]) lo = mid + 1;
            else hi = mid;
        }
        position[j] = lo;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, position, counts, starts, MPI_INT, MPI_COMM_WORLD);
    free(starts);
    free(counts);
}
