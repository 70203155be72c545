#include <mpi.h>
#include <stdlib.h>

long exclusive_scan(int n, const int *counts, long *offsets) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *lengths = malloc(ranks * sizeof *lengths);
    int *starts = malloc(ranks * sizeof *starts);
    for (int r = 0, at = 0; r < ranks; r++) {
        starts[r] = at;
        lengths[r] = n / ranks + (r < n % ranks ? 1 : 0);
        at += lengths[r];
    }
    const int begin = starts[rank], end = begin + lengths[rank];
    long sum = 0, next = 0, total = 0;
    for (int i = begin; i < end; i++) sum += counts[i];
    MPI_Exscan(&sum, &next, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) next = 0; /* MPI_Exscan leaves it undefined there. */
    for (int i = begin; i < end; i++) {
        offsets[i] = next;
        next += counts[i];
    }
    MPI_Allreduce(&sum, &total, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, offsets, lengths, starts, MPI_LONG, MPI_COMM_WORLD);
    free(starts);
    free(lengths);
    return total;
}
