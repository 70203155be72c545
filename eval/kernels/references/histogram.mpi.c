#include <mpi.h>
#include <stdlib.h>

void histogram(int n, const int *x, int bins, int *counts) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *local = calloc(bins, sizeof(int));
    const int begin = (int)((long long)n * rank / ranks), end = (int)((long long)n * (rank + 1) / ranks);
    for (int i = begin; i < end; i++)
        if (x[i] >= 0 && x[i] < bins) local[x[i]]++;
    MPI_Allreduce(local, counts, bins, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    free(local);
}
