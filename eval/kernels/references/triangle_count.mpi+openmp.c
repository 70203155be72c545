#include <mpi.h>
#include <omp.h>

static int is_neighbour(const int *col, int first, int last, int v) {
    while (first < last) {
        const int middle = first + (last - first) / 2;
        if (col[middle] == v) return 1;
        if (col[middle] < v)
            first = middle + 1;
        else
            last = middle;
    }
    return 0;
}

long triangle_count(int n, const int *row_ptr, const int *col) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    long count = 0, total = 0;
#pragma omp parallel for schedule(dynamic, 8) reduction(+ : count)
    for (int u = rank; u < n; u += ranks)
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; e++)
            for (int f = e + 1; col[e] > u && f < row_ptr[u + 1]; f++) count += is_neighbour(col, row_ptr[col[e]], row_ptr[col[e] + 1], col[f]);
    MPI_Allreduce(&count, &total, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    return total;
}
