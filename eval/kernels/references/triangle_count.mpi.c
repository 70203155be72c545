#include <mpi.h>

long triangle_count(int n, const int *row_ptr, const int *col) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    long mine = 0, all = 0;
    for (int u = rank; u < n; u += ranks)
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; e++) {
            const int v = col[e];
            if (v < u) continue;
            for (int p = e + 1, q = row_ptr[v]; p < row_ptr[u + 1] && q < row_ptr[v + 1];) {
                const int x = col[p], y = col[q];
                mine += x == y;
                p += x <= y;
                q += y <= x;
            }
        }
    MPI_Allreduce(&mine, &all, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    return all;
}
