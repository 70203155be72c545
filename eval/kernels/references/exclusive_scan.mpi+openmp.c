#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

static int share(int n, int part, int parts) { return (int)((long)n * part / parts); }

long exclusive_scan(int n, const int *counts, long *offsets) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *lengths = malloc(ranks * sizeof(int)), *starts = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        starts[r] = share(n, r, ranks);
        lengths[r] = share(n, r + 1, ranks) - starts[r];
    }
    const int begin = starts[rank], length = lengths[rank], pieces = omp_get_max_threads();
    long *piece = malloc((pieces + 1) * sizeof(long)), before = 0, total = 0;

#pragma omp parallel for
    for (int p = 0; p < pieces; p++) {
        long sum = 0;
        for (int i = share(length, p, pieces); i < share(length, p + 1, pieces); i++) sum += counts[begin + i];
        piece[p] = sum;
    }
    for (int p = 0; p < pieces; p++) total += piece[p];
    MPI_Exscan(&total, &before, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) before = 0;
    for (int p = 0; p < pieces; p++) {
        const long sum = piece[p];
        piece[p] = before;
        before += sum;
    }
#pragma omp parallel for
    for (int p = 0; p < pieces; p++) {
        long next = piece[p];
        for (int i = share(length, p, pieces); i < share(length, p + 1, pieces); i++) {
            offsets[begin + i] = next;
            next += counts[begin + i];
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &total, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, offsets, lengths, starts, MPI_LONG, MPI_COMM_WORLD);
    free(piece);
    free(starts);
    free(lengths);
    return total;
}
