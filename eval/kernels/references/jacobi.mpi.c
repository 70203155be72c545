#include <mpi.h>
#include <stdlib.h>

void jacobi(int n, int iterations, const double *b, double *u) {
    const int rows = n > 2 ? n - 2 : 0;
    if (rows == 0) return;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int));
    int *first = malloc(ranks * sizeof(int));
    /* Every rank but those beyond the number of rows owns at least one interior row. */
    const int used = ranks < rows ? ranks : rows;
    for (int r = 0; r < ranks; r++) {
        const int from = r < used ? (int)((long long)rows * r / used) : rows, to = r < used ? (int)((long long)rows * (r + 1) / used) : rows;
        first[r] = n * (1 + from);
        counts[r] = n * (to - from);
    }
    const int lo = first[rank] / n, hi = lo + counts[rank] / n;
    const int up = rank < used && rank > 0 ? rank - 1 : MPI_PROC_NULL;
    const int down = rank < used - 1 ? rank + 1 : MPI_PROC_NULL;
    double *next = malloc((size_t)n * n * sizeof(double) + 1);
    for (int sweep = 0; sweep < iterations; sweep++) {
        for (int i = lo; i < hi; i++)
            for (int j = 1; j < n - 1; j++) {
                const size_t at = (size_t)i * n + j;
                next[at] = (u[at - n] + u[at + n] + u[at - 1] + u[at + 1] + b[at]) / 4.0;
            }
        for (int i = lo; i < hi; i++)
            for (int j = 1; j < n - 1; j++) u[(size_t)i * n + j] = next[(size_t)i * n + j];
        if (rank < used) {
            MPI_Sendrecv(u + (size_t)lo * n, n, MPI_DOUBLE, up, 0, u + (size_t)hi * n, n, MPI_DOUBLE, down, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Sendrecv(u + (size_t)(hi - 1) * n, n, MPI_DOUBLE, down, 1, u + (size_t)(lo - 1) * n, n, MPI_DOUBLE, up, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, u, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);
    free(next);
    free(first);
    free(counts);
}
