#include <mpi.h>
#include <string.h>

void histogram(int n, const int *x, int bins, int *counts) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int from = (int)((long long)n * rank / ranks);
    const int to = (int)((long long)n * (rank + 1) / ranks);
    memset(counts, 0, bins * sizeof *counts);
#pragma omp parallel for
    for (int i = from; i < to; i++) {
        const int b = x[i];
        if (b < 0 || b >= bins) continue;
#pragma omp atomic
        counts[b]++;
    }
    MPI_Allreduce(MPI_IN_PLACE, counts, bins, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}
