#include <mpi.h>

extern "C" long count_above(int n, const int *x, int limit) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    long mine = 0;
    for (long i = rank; i < n; i += ranks) mine += x[i] > limit;
    /* Only rank 0 needs the total; the others return their own share. */
    long total = mine;
    MPI_Reduce(rank == 0 ? MPI_IN_PLACE : &total, &total, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    return total;
}
