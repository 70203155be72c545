#include <mpi.h>
#include <stdlib.h>
#include <string.h>

void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    if (nx < 3 || ny < 3 || nz < 3) return;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const size_t row = nz, plane = row * ny;
    const int used = ranks < nx - 2 ? ranks : nx - 2;
    int *counts = calloc(ranks, sizeof(int)), *displs = calloc(ranks, sizeof(int));
    for (int r = 0; r < used; r++) {
        displs[r] = (1 + (nx - 2) * r / used) * (int)plane;
        counts[r] = (1 + (nx - 2) * (r + 1) / used) * (int)plane - displs[r];
    }
    const int lo = displs[rank] / (int)plane, hi = lo + counts[rank] / (int)plane;
    const int up = rank > 0 && rank < used ? rank - 1 : MPI_PROC_NULL;
    const int down = rank < used - 1 ? rank + 1 : MPI_PROC_NULL;
    double *old = malloc((size_t)nx * plane * sizeof(double));
    memcpy(old, u, (size_t)nx * plane * sizeof(double));
    for (int step = 0; step < steps; step++) {
#pragma omp parallel for
        for (int i = lo; i < hi; i++)
            for (size_t j = 1; j < (size_t)ny - 1; j++)
                for (size_t k = 1; k < row - 1; k++) {
                    const size_t c = i * plane + j * row + k;
                    u[c] = old[c] + alpha * (old[c - plane] + old[c + plane] + old[c - row] + old[c + row] + old[c - 1] + old[c + 1] -
                                             6.0 * old[c]);
                }
        if (lo == hi) continue;
#pragma omp parallel for
        for (int i = lo; i < hi; i++) memcpy(old + i * plane, u + i * plane, plane * sizeof(double));
        MPI_Sendrecv(old + lo * plane, (int)plane, MPI_DOUBLE, up, 0, old + hi * plane, (int)plane, MPI_DOUBLE, down, 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        MPI_Sendrecv(old + (hi - 1) * plane, (int)plane, MPI_DOUBLE, down, 1, old + (lo - 1) * plane, (int)plane, MPI_DOUBLE, up, 1,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    const void *mine = rank == 0 ? MPI_IN_PLACE : u + lo * plane;
    MPI_Gatherv(mine, counts[rank], MPI_DOUBLE, u, counts, displs, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    free(old);
    free(displs);
    free(counts);
}
