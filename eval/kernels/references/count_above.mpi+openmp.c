#include <mpi.h>

static int bound(int n, int part, int parts) { return (int)((long long)n * part / parts); }

long count_above(int n, const int *x, int limit) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int from = bound(n, rank, ranks), to = bound(n, rank + 1, ranks);
    long found = 0;
#pragma omp parallel for reduction(+ : found)
    for (int i = from; i < to; i++)
        if (x[i] > limit) found += 1;
    MPI_Allreduce(MPI_IN_PLACE, &found, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    return found;
}
