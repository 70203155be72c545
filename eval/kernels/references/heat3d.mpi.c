#include <mpi.h>
#include <stdlib.h>

/* Slabs of planes: every rank updates its own and exchanges the outer ones with its neighbours after each step. */
void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    if (nx < 3 || ny < 3 || nz < 3) return;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int planes = nx - 2, used = ranks < planes ? ranks : planes, plane = ny * nz;
    int *counts = calloc(ranks, sizeof(int)), *displs = calloc(ranks, sizeof(int));
    for (int r = 0; r < used; r++) {
        const int lo = 1 + (int)((long)planes * r / used), hi = 1 + (int)((long)planes * (r + 1) / used);
        displs[r] = lo * plane;
        counts[r] = (hi - lo) * plane;
    }
    const int lo = displs[rank] / plane, hi = lo + counts[rank] / plane;
    const int left = rank > 0 && rank < used ? rank - 1 : MPI_PROC_NULL, right = rank + 1 < used ? rank + 1 : MPI_PROC_NULL;
    double *next = malloc(((size_t)counts[rank] + 1) * sizeof(double));
    for (int step = 0; step < steps; step++) {
        for (int i = lo; i < hi; i++)
            for (int j = 1; j < ny - 1; j++)
                for (int k = 1; k < nz - 1; k++) {
                    const double *p = u + ((size_t)i * ny + j) * nz + k;
                    next[((size_t)(i - lo) * ny + j) * nz + k] =
                        *p + alpha * (p[-plane] + p[plane] + p[-nz] + p[nz] + p[-1] + p[1] - 6.0 * *p);
                }
        for (int i = lo; i < hi; i++)
            for (int j = 1; j < ny - 1; j++)
                for (int k = 1; k < nz - 1; k++) u[((size_t)i * ny + j) * nz + k] = next[((size_t)(i - lo) * ny + j) * nz + k];
        if (rank >= used) continue;
        double *first = u + (size_t)lo * plane, *last = u + (size_t)(hi - 1) * plane;
        MPI_Sendrecv(first, plane, MPI_DOUBLE, left, 1, last + plane, plane, MPI_DOUBLE, right, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Sendrecv(last, plane, MPI_DOUBLE, right, 2, first - plane, plane, MPI_DOUBLE, left, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, u, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(next);
    free(displs);
    free(counts);
}
