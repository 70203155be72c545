#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* Ranks expand their own vertices; after each level all agree on what was reached. */
void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), hi = (int)((long)n * (rank + 1) / ranks);
    unsigned char *reached = malloc(n);
    for (int v = 0; v < n; v++) level[v] = -1;
    level[source] = 0;
    int more = 1;
    for (int depth = 0; more; depth++) {
        memset(reached, 0, n);
        for (int v = lo; v < hi; v++)
            if (level[v] == depth)
                for (int e = row_ptr[v]; e < row_ptr[v + 1]; e++) reached[col[e]] = 1;
        MPI_Allreduce(MPI_IN_PLACE, reached, n, MPI_UNSIGNED_CHAR, MPI_BOR, MPI_COMM_WORLD);
        more = 0;
        for (int v = 0; v < n; v++)
            if (reached[v] && level[v] == -1) {
                level[v] = depth + 1;
                more = 1;
            }
    }
    free(reached);
}
