#include <limits.h>
#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), hi = (int)((long)n * (rank + 1) / ranks);
    int *next = malloc(n * sizeof(int)), more = 1;
#pragma omp parallel for
    for (int v = 0; v < n; v++) level[v] = v == source ? 0 : INT_MAX;
    for (int depth = 0; more; depth++) {
#pragma omp parallel for
        for (int v = 0; v < n; v++) next[v] = level[v];
#pragma omp parallel for schedule(dynamic, 32)
        for (int v = lo; v < hi; v++) {
            if (level[v] != depth) continue;
            for (int e = row_ptr[v]; e < row_ptr[v + 1]; e++)
                if (level[col[e]] == INT_MAX) {
#pragma omp atomic write
                    next[col[e]] = depth + 1;
                }
        }
        MPI_Allreduce(MPI_IN_PLACE, next, n, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
        more = 0;
#pragma omp parallel for reduction(| : more)
        for (int v = 0; v < n; v++) {
            more |= next[v] != level[v];
            level[v] = next[v];
        }
    }
#pragma omp parallel for
    for (int v = 0; v < n; v++)
        if (level[v] == INT_MAX) level[v] = -1;
    free(next);
}
