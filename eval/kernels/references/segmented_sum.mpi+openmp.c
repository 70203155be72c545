#include <mpi.h>
#include <stdlib.h>

void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        displs[r] = (int)((long)n * r / ranks);
        counts[r] = (int)((long)n * (r + 1) / ranks) - displs[r];
    }
#pragma omp parallel for schedule(dynamic, 4)
    for (int s = displs[rank]; s < displs[rank] + counts[rank]; s++) {
        float sum = 0.0f;
        for (int i = offsets[s]; i < offsets[s + 1]; i++) sum += x[i];
        sums[s] = sum;
    }
    const void *mine = rank == 0 ? MPI_IN_PLACE : sums + displs[rank];
    MPI_Gatherv(mine, counts[rank], MPI_FLOAT, sums, counts, displs, MPI_FLOAT, 0, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
